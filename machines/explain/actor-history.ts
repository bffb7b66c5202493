import type { ActorRefFrom, AnyEventObject, InspectionEvent } from 'xstate'
import { addToHistory, createHistory } from './auth-history.ts'
import type { AuthHistory } from './auth-history.ts'
import type { AuthReasonHint } from './auth-reason.ts'
import { toAuthView } from '../auth-view.ts'
import type { AuthMachine, AuthSnapshot } from '../auth.machine.ts'

/** A running auth machine, by itself or inside another. */
export type AuthActor = ActorRefFrom<AuthMachine>

/** What is remembered of one actor. */
export interface ActorHistory {
  readonly history: AuthHistory
  /** Since when, epoch ms. */
  readonly startedAt: number
  /** Nothing had happened before. */
  readonly isWhole: boolean
  /** The shortest time from a token's `iat` to its acceptance so far, ms; null before the first. */
  readonly clockOffset: number | null
}

const histories = new WeakMap<AuthActor, ActorHistory>()

const hints: Readonly<Record<string, AuthReasonHint>> = {
  'session.adopted': 'adopted',
  'session.cleared': 'cleared',
  'session.revoked': 'revoked',
}

/** The history of an actor, kept from the first call on for as long as the actor lives. */
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
    record.history = addToHistory(record.history, toAuthView(snapshot), hints[event.type])
    if (!event.type.startsWith('xstate.done.actor.') || snapshot.context.issuedAt === null) return
    const offset = snapshot.context.settings.now() - snapshot.context.issuedAt
    record.clockOffset = Math.min(offset, record.clockOffset ?? offset)
  })
  return record
}

/** True while nothing has come in, so that whoever looks from here on misses nothing. */
export function isUntouched({ value, context }: AuthSnapshot): boolean {
  return !context.decided && !context.timedOut && context.queue.length === 0 && typeof value === 'object'
}

/** Calls `look` after every event the actor has processed, with the snapshot it led to. Returns the function that ends it. */
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
