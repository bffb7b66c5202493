import type { ActorRefFrom, AnyEventObject, InspectionEvent } from 'xstate'
import { toAuthView } from '../auth-view.ts'
import type { AuthMachine, AuthSnapshot } from '../auth.machine.ts'
import { addToHistory, createHistory, type AuthHistory } from './auth-history.ts'

/** A running auth machine, by itself or inside another. */
export type AuthActor = ActorRefFrom<AuthMachine>

/** The recorded history of one actor. */
export interface ActorHistory {
  readonly history: AuthHistory
  /** Start of the recording, epoch ms. */
  readonly startedAt: number
  /** True if nothing had happened before the recording. */
  readonly isWhole: boolean
  /** The shortest time so far from a token's `iat` to its acceptance, ms; null before the first. */
  readonly clockOffset: number | null
}

const histories = new WeakMap<AuthActor, ActorHistory>()

/** Returns the history of an actor. It is recorded from the first call on, for as long as the actor lives. */
export function watchHistory(actor: AuthActor): ActorHistory {
  const known = histories.get(actor)
  if (known) return known
  const first = toAuthView(actor.getSnapshot())
  const record: { -readonly [Key in keyof ActorHistory]: ActorHistory[Key] } = {
    history: createHistory(first),
    startedAt: first.now,
    isWhole: isUntouched(actor.getSnapshot()),
    clockOffset: null,
  }
  histories.set(actor, record)
  watchSteps(actor, (event, snapshot) => {
    record.history = addToHistory(record.history, toAuthView(snapshot), event.type === 'session.adopted')
    if (!event.type.startsWith('xstate.done.actor.') || snapshot.context.issuedAt === null) return
    const offset = snapshot.context.settings.now() - snapshot.context.issuedAt
    record.clockOffset = Math.min(offset, record.clockOffset ?? offset)
  })
  return record
}

/** True while no event has come in, so that a recording from here on misses nothing. */
export function isUntouched({ value, context }: AuthSnapshot): boolean {
  return !context.decided && !context.timedOut && context.queue.length === 0 && typeof value === 'object'
}

/**
 * Calls `look` after every event that the actor has processed, with the resulting snapshot. Returns a function that
 * ends it.
 */
export function watchSteps(
  actor: AuthActor,
  look: (event: AnyEventObject, snapshot: AuthSnapshot) => void,
): () => void {
  const subscription = actor.system.inspect((inspected: InspectionEvent) => {
    if (inspected.type !== '@xstate.snapshot' || inspected.actorRef !== actor) return
    if (inspected.event.type === 'xstate.stop') subscription.unsubscribe()
    else look(inspected.event, inspected.snapshot as AuthSnapshot)
  })
  return () => subscription.unsubscribe()
}
