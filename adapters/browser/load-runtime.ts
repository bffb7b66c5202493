import type { SyncRuntime, SyncRuntimeOptions } from './sync-runtime.ts'

type CreateRuntime = (options: SyncRuntimeOptions) => SyncRuntime

let loaded: CreateRuntime | null = null

/** Returns the code that runs a client, or null if it is not loaded yet. */
export const getLoadedRuntime = (): CreateRuntime | null => loaded

/** Loads the code that runs a client: the statechart, XState and the transport. */
export async function loadRuntime(): Promise<CreateRuntime> {
  const { createSyncRuntime } = await import('./sync-runtime.ts')
  return (loaded = createSyncRuntime)
}

/**
 * Loads the code that `start()` needs, so that a client which is created afterwards has it at once. Without this call
 * the client loads it at its start.
 *
 * @throws The error of `import()` if the file cannot be loaded
 */
export async function preloadAuthClient(): Promise<void> {
  await loadRuntime()
}
