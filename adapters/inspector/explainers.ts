import type { AnyActorRef, InspectionEvent } from 'xstate'
import type { AuthActor } from '../../machines/explain/actor-history.ts'
import { explain } from '../../machines/explain/explain.ts'

/** Explains for running auth machines why they are in their state. */
export interface Explainers {
  /** Registers an actor at its first snapshot. */
  note(event: InspectionEvent): void
  /**
   * Returns an explanation in a few sentences that identify no person, or null for an actor that is not an auth machine
   * or no longer exists.
   */
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
      // The first call of `explain` starts its recording.
      explain(actor)
    },
    explain(key) {
      const actor = actors.get(key)?.deref()
      return actor ? explain(actor).summary : null
    },
  }
}

/** Recognizes an auth machine by its shape, because there may be two copies of this package. */
function isAuthActor(actor: AnyActorRef): actor is AuthActor {
  const { machine, context } = actor.getSnapshot() as { machine?: { id: string }; context?: object }
  return machine?.id === 'auth' && context !== undefined && 'settings' in context
}
