import { setUnrefTimeout } from '../../timing/unref-clock.ts'
import type { SessionRegistry } from './session-registry.ts'

/** The streams of how many sessions are ended at a time. */
const batchSize = 100

/**
 * Says goodbye to every stream, after the last change that it was not sent yet. The goodbyes are spread over half of
 * `timeout` ms, so that the browsers do not all come back at once. Then it waits until all streams are closed and no
 * request is being served, and cuts off the rest when the time is up.
 */
export async function endStreams(registry: SessionRegistry, isBusy: () => boolean, timeout: number): Promise<void> {
  const deadline = { isPast: false }
  setUnrefTimeout(() => (deadline.isPast = true), timeout)
  const read = [...registry].filter(({ streams }) => streams.size > 0)
  const batches = Math.ceil(read.length / batchSize)
  for (let batch = 0; batch < batches; batch += 1) {
    if (batch > 0) await pause(timeout / 2 / batches)
    for (const { streams } of read.slice(batch * batchSize, (batch + 1) * batchSize)) streams.endWithView('closing')
  }
  const isRead = () => [...registry].some((session) => session.streams.size > 0)
  while (!deadline.isPast && (isBusy() || isRead())) await pause(10)
  for (const session of registry) for (const stream of session.streams) stream.destroy()
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    setUnrefTimeout(resolve, ms)
  })
