import { setUnrefTimeout } from '../../timing/unref-clock.ts'
import type { SessionRegistry } from './session-registry.ts'

/** How many streams are ended at a time. */
const batchSize = 100

/**
 * Says goodbye to every stream, spread over half of `timeout` ms, so that the browsers do not all come back at once.
 * Then it waits until all streams are closed and no request is being served, and cuts off the rest when the time is up.
 */
export async function endStreams(registry: SessionRegistry, isBusy: () => boolean, timeout: number): Promise<void> {
  const deadline = { isPast: false }
  setUnrefTimeout(() => (deadline.isPast = true), timeout)
  const streams = [...registry].flatMap((session) => [...session.streams])
  const batches = Math.ceil(streams.length / batchSize)
  for (let batch = 0; batch < batches; batch += 1) {
    if (batch > 0) await pause(timeout / 2 / batches)
    for (const stream of streams.slice(batch * batchSize, (batch + 1) * batchSize)) stream.end('closing')
  }
  const isRead = () => [...registry].some((session) => session.streams.size > 0)
  while (!deadline.isPast && (isBusy() || isRead())) await pause(10)
  for (const session of registry) for (const stream of session.streams) stream.destroy()
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    setUnrefTimeout(resolve, ms)
  })
