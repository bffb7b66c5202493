import { createActor } from 'xstate'
import { contain } from '../../machines/contain.ts'
import { toOverdueLimit } from '../../machines/sync/sync-rules.ts'
import { syncMachine } from '../../machines/sync/sync.machine.ts'
import type { GetToken } from './clerk-state.ts'
import type { ResolvedOptions } from './client-options.ts'
import { createFailures } from './failures.ts'
import { createSharedReader } from './shared-reader.ts'
import { canShareStream, createOwnReader } from './stream-reader.ts'
import { createSyncActors } from './sync-actors.ts'
import { createTransport, type Transport } from './transport.ts'
import type { SyncActor } from './view-changes.ts'

export interface SyncRuntimeOptions extends ResolvedOptions {
  readonly getToken: GetToken
}

/** Runs the sync machine of one client. */
export interface SyncRuntime {
  readonly actor: SyncActor
  /** Notes that the client starts, so that every failure of the next 5 s is reported. */
  readonly begin: () => void
  /** Disconnects from the other tabs until the next stream is read. */
  readonly close: () => void
}

/** Creates and starts the sync machine, with the actors that ask the server and Clerk. */
export function createSyncRuntime(options: SyncRuntimeOptions): SyncRuntime {
  const { endpoint, credentials, fetch, shareStream, getToken, inspect, clock, input, onError } = options
  const { now, stream } = input
  const setTimer = (run: () => void, delay: number) => clock.setTimeout(run, delay)
  const failures = createFailures(onError, now)
  const transport = createTransport({ endpoint, credentials, fetch, now })
  const readStream: Transport['readStream'] = (...read) => transport.readStream(...read)
  const reader =
    stream && shareStream && canShareStream()
      ? createSharedReader({
          name: `authchart/1 ${credentials} ${endpoint}`,
          readStream,
          now,
          setTimer,
          toOverdueLimit: () => toOverdueLimit(actor.getSnapshot().context),
          onFound: () => actor.send({ type: 'network.online' }),
        })
      : createOwnReader(readStream)
  const actors = createSyncActors({
    transport: { ...transport, readStream: reader.readStream },
    getToken,
    setTimer,
    onError: failures.explain,
  })
  const actor = createActor(syncMachine.provide({ actors }), {
    clock,
    input,
    ...(inspect && { inspect: (event) => contain(() => inspect(event)) }),
  }).start()
  failures.watch(actor)
  return { actor, begin: failures.begin, close: reader.close }
}
