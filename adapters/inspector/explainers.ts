import type { AnyActorRef, InspectionEvent } from 'xstate'
import { explain } from '../../machines/explain/explain.ts'
import type { AuthActor } from '../../machines/explain/actor-history.ts'

/** Says of the auth machines at work why they are in the state that they are in. */
export interface Explainers {
  /** Takes notice of an actor from its first snapshot on. */
  note(event: InspectionEvent): void
  /** In a few sentences that name nobody; null for an actor that is no auth machine, or is gone. */
  explain(key: string): string | null
}

export function createExplainers(): Explainers {
  const actors = new Map<string, WeakRef<AuthActor>>()
  let sweepAt = 256

  function sweep() {
    for (const [key, ref] of actors) if (!ref.deref()) actors.delete(key)
    sweepAt = 256 + 2 * actors.size
  }

  return {
    note({ type, actorRef }) {
      const actor = actorRef as AnyActorRef
      if (type !== '@xstate.snapshot' || actors.has(actor.sessionId) || !isAuthActor(actor)) return
      if (actors.size >= sweepAt) sweep()
      actors.set(actor.sessionId, new WeakRef(actor))
      // The first call begins to remember.
      explain(actor)
    },
    explain(key) {
      const actor = actors.get(key)?.deref()
      return actor ? explain(actor).summary : null
    },
  }
}

/** By what it is made of, since there may be two copies of this package. */
function isAuthActor(actor: AnyActorRef): actor is AuthActor {
  const { machine, context } = actor.getSnapshot() as { machine?: { id: string }; context?: object }
  return machine?.id === 'auth' && context !== undefined && 'settings' in context
}
