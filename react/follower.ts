import { startTransition } from 'react'
import type { Observer } from 'xstate'
import { toHeldView, type SyncActor, type SyncSnapshot } from '../adapters/browser/index.ts'
import { isPageHydrating } from './is-page-hydrating.ts'

/**
 * If React cannot show the next content at once, the content of a user who has left stays on the page for at most this
 * long, ms.
 */
const longestStay = 1_000

export interface Selection<T> {
  readonly select: (snapshot: SyncSnapshot) => T
  readonly compare: (a: T, b: T) => boolean
}

/** An actor that stays at one snapshot until it gets another one with the same selected value, or jumps. */
export type Still<T> = ReturnType<typeof createStill<T>>

function createStill<T>(snapshot: SyncSnapshot, value: T) {
  const user = toHeldView(snapshot.context).userId
  let tell = () => {}
  const still = {
    snapshot,
    value,
    user,
    getSnapshot: () => still.snapshot,
    subscribe(observer: Observer<SyncSnapshot> | ((snapshot: SyncSnapshot) => void)) {
      tell = () => (typeof observer === 'function' ? observer : observer.next)?.(still.snapshot)
      return { unsubscribe() {} }
    },
    /** Takes the snapshot of another one. React renders a change of an external store at once. */
    jump({ snapshot }: { readonly snapshot: SyncSnapshot }) {
      still.snapshot = snapshot
      tell()
    },
  }
  return still
}

/**
 * Follows the client for one component that hydrated. A part below it may hydrate for long, and an urgent update would
 * discard that and show the fallback of its `Suspense` boundary (React docs, `hydrateRoot`). New values therefore come
 * by a transition, which leaves the page as it is while it waits. If the previous user has left and nothing hydrates
 * any more, the update becomes urgent after a second.
 */
export function createFollower<T>(snapshot: SyncSnapshot, selection: Selection<T>) {
  const first = createStill(snapshot, selection.select(snapshot))
  let latest = selection
  let wanted = first
  let onPage = first
  let timer: ReturnType<typeof setTimeout> | undefined

  return {
    first,
    /** Notes that React has put this on the page. */
    noteShown(still: Still<T> | null, value: T, selection: Selection<T>) {
      latest = selection
      if (still) onPage = still
      if (still !== wanted) return
      wanted.value = value
      clearTimeout(timer)
    },
    /**
     * Calls `show` with each new value to show.
     *
     * @returns A function that ends it.
     */
    follow(actor: SyncActor, show: (still: Still<T>) => void) {
      const hurry = () => {
        if (isPageHydrating()) timer = setTimeout(hurry, longestStay)
        // Not `show(wanted)`: React 18 compares that with the transition that waits, finds it equal, and does nothing.
        else onPage.jump(wanted)
      }
      const look = () => {
        const { user } = wanted
        const snapshot = actor.getSnapshot()
        const value = latest.select(snapshot)
        if (latest.compare(wanted.value, value)) {
          wanted.snapshot = snapshot
          return
        }
        const next = (wanted = createStill(snapshot, value))
        startTransition(() => show(next))
        if (user === null || user === next.user) return
        clearTimeout(timer)
        timer = setTimeout(hurry, longestStay)
      }
      look()
      const subscription = actor.subscribe(look)
      return () => {
        subscription.unsubscribe()
        clearTimeout(timer)
      }
    },
  }
}
