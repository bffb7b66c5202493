import { contain } from '../../machines/contain.ts'
import { toSyncFailure } from '../../machines/sync/sync-error.ts'
import type { SyncEvent } from '../../machines/sync/sync-events.ts'
import { keepLoading, type KeepLoadingOptions } from './keep-loading.ts'
import { getLoadedRuntime, loadRuntime } from './load-runtime.ts'
import { createPendingActor } from './pending-actor.ts'
import type { SyncRuntime, SyncRuntimeOptions } from './sync-runtime.ts'
import type { SyncActor } from './view-changes.ts'
import { warnOnce } from './warn-once.ts'

/** Holds the sync machine of one client, whose code is loaded with the first start. */
export interface SyncHost {
  readonly actor: SyncActor
  /** Passes on an event of the page. Unless the page loses focus, the host also tries again to load the code. */
  readonly send: (event: SyncEvent) => void
  /** Runs the machine, as soon as its code is there. */
  start(event: SyncEvent & { type: 'client.started' }): void
  /** Stops the machine until the next start. */
  stop(): void
}

/** Creates the host of one client. If the code is loaded already, the machine runs from the beginning. */
export function createSyncHost(options: SyncRuntimeOptions): SyncHost {
  const create = getLoadedRuntime()
  let runtime: SyncRuntime | null = create && create(options)
  let loading: ReturnType<typeof keepLoading> | null = null
  const pending = runtime ? null : createPendingActor(options.input)
  const actor = runtime?.actor ?? pending!.actor

  const load = async () => {
    const createRuntime = getLoadedRuntime() ?? (await loadRuntime())
    // The client was stopped, or stopped and started, in the meantime.
    if (!loading || runtime) return
    runtime = createRuntime(options)
    runtime.begin()
    pending?.adopt(runtime.actor)
  }
  const onFailure: KeepLoadingOptions['onFailure'] = (error, attempts, isFirst) => {
    pending?.fail(toSyncFailure(error), attempts)
    if (!isFirst) return
    warnOnce(error)
    contain(() => options.onError?.(error))
  }

  return {
    actor,
    send(event) {
      actor.send(event)
      if (event.type !== 'focus.lost') loading?.tryNow()
    },
    start(event) {
      runtime?.begin()
      actor.send(event)
      const { clock, input } = options
      if (!runtime) loading = keepLoading({ load, onFailure, clock, random: input.random ?? Math.random })
    },
    stop() {
      loading?.end()
      loading = null
      actor.send({ type: 'client.stopped' })
      runtime?.close()
    },
  }
}
