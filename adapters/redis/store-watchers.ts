import type { StoreChange } from '../hub/store/session-store.ts'

type Listener = (change: StoreChange) => void

/** Those who watch a store, and what each of them wants. */
export interface StoreWatchers {
  readonly watch: (listener: Listener, isWanted?: (name: string) => boolean) => () => void
  readonly tell: (change: StoreChange) => void
  /** True if one of them wants the changes of a session or a cookie. */
  readonly isWanted: (name: string) => boolean
  readonly clear: () => void
}

export function createStoreWatchers(): StoreWatchers {
  const watchers = new Map<Listener, (name: string) => boolean>()

  return {
    watch(listener, isWanted = () => true) {
      watchers.set(listener, isWanted)
      return () => watchers.delete(listener)
    },
    tell(change) {
      for (const watcher of watchers.keys()) watcher(change)
    },
    isWanted(name) {
      for (const isWanted of watchers.values()) if (isWanted(name)) return true
      return false
    },
    clear: () => watchers.clear(),
  }
}
