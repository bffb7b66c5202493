import { contain } from '../../machines/contain.ts'
import { createSyncContext, type SyncContext, type SyncInput } from '../../machines/sync/sync-context.ts'
import type { SyncFailure } from '../../machines/sync/sync-error.ts'
import type { SyncEvent } from '../../machines/sync/sync-events.ts'
import { manyAttempts } from './keep-loading.ts'
import type { SyncActor, SyncSnapshot } from './view-changes.ts'

/** Takes the place of the sync machine's actor until its code is loaded. */
export interface PendingActor {
  /** From {@link PendingActor.adopt} on it does and shows the same as the real actor. */
  readonly actor: SyncActor
  /** Shows a failure to load. */
  fail(failure: SyncFailure, attempts: number): void
  /** Passes on everything to the real actor, beginning with the events and the observers that there are. */
  adopt(real: SyncActor): void
}

type Observer = (snapshot: SyncSnapshot) => void

/**
 * Creates an actor that is in the initial state of the sync machine and keeps the events which it gets. It notes what
 * Clerk reports, so that a page does not show the view of one user to another while the code loads.
 */
export function createPendingActor(input: SyncInput): PendingActor {
  let real: SyncActor | null = null
  let snapshot = toSnapshot(createSyncContext(input))
  let events: SyncEvent[] = []
  /** The last event of Clerk, because a repeated report changes nothing. */
  let clerk = ''
  const observers = new Map<Observer, { unsubscribe(): void } | null>()

  const change = (context: Partial<SyncContext>) => {
    snapshot = toSnapshot({ ...snapshot.context, ...context })
    for (const observer of observers.keys()) contain(() => observer(snapshot))
  }

  const pending = {
    getSnapshot: () => snapshot,
    subscribe(target: Observer | { next: Observer }) {
      // Each subscription has a function of its own, so that one target may subscribe twice.
      const observer: Observer = (next) => (typeof target === 'function' ? target(next) : target.next?.(next))
      observers.set(observer, null)
      return {
        unsubscribe() {
          observers.get(observer)?.unsubscribe()
          observers.delete(observer)
        },
      }
    },
    send(event: SyncEvent) {
      if (event.type === 'client.stopped') {
        events = []
        clerk = ''
        change({ isClerkLoaded: false, failure: null, attempts: 0 })
        return
      }
      const isClerk = event.type === 'clerk.changed'
      if (isClerk && clerk === (clerk = JSON.stringify(event))) return
      // Each change at Clerk counts. Of every other event only the last one does.
      events = [...events.filter(({ type }) => type === 'clerk.changed' || type !== event.type), event]
      if (isClerk) change({ isClerkLoaded: event.isLoaded, ...(event.isLoaded && { identity: event.identity }) })
      if (event.type === 'client.started') change({ tab: event.tab ?? '' })
    },
  }

  const actor = new Proxy(pending as unknown as SyncActor, {
    get(target, name) {
      const source = real ?? target
      const value: unknown = Reflect.get(source, name)
      return typeof value === 'function' ? value.bind(source) : value
    },
  })

  return {
    actor,
    fail: (failure, attempts) => change({ failure, lastFailure: failure, attempts }),
    adopt(next) {
      real = next
      for (const observer of observers.keys()) observers.set(observer, next.subscribe(observer))
      for (const event of events) next.send(event)
    },
  }
}

/** Returns a snapshot as the chart gives it before its first event, or after so many failures. */
function toSnapshot(context: SyncContext): SyncSnapshot {
  const session = context.attempts < manyAttempts ? 'waitingForClerk' : 'degraded'
  const value: Readonly<Record<string, string>> = { stream: 'closed', poll: 'off', session }
  const snapshot: Pick<SyncSnapshot, 'status' | 'context' | 'matches' | 'hasTag' | 'can'> & { value: unknown } = {
    status: 'active',
    value,
    context,
    matches: (wanted: unknown) =>
      typeof wanted === 'string'
        ? wanted in value
        : Object.entries(Object(wanted)).every(([region, state]) => value[region] === state),
    hasTag: () => false,
    can: () => false,
  }
  return snapshot as SyncSnapshot
}
