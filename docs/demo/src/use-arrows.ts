import { useEffect, useState } from 'react'
import type { AnyActorRef } from 'xstate'
import { toTakenArrows } from './chart/taken-arrows.ts'

const none: readonly string[] = []

/** Returns the arrows that a running actor took last. */
export function useArrows(actor: AnyActorRef): readonly string[] {
  const [arrows, setArrows] = useState(none)
  useEffect(() => {
    const subscription = actor.system.inspect((event) => {
      if (event.type !== '@xstate.microstep' || event.actorRef !== actor) return
      const taken = toTakenArrows(event)
      if (taken.length > 0) setArrows(taken)
    })
    return () => subscription.unsubscribe()
  }, [actor])
  return arrows
}
