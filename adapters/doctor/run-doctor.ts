import { setTimeout } from 'node:timers/promises'
import { checkAnswer } from './check-answer.ts'
import { checkReturn } from './check-nodes.ts'
import { checkOrigin, checkWebhook } from './check-origin.ts'
import { openStream } from './check-stream.ts'
import { checkToken } from './check-token.ts'
import { fail, type Finding } from './finding.ts'
import { createProbe, type Probe } from './probe.ts'

export interface DoctorOptions {
  /** The address of the app, with the path that it is mounted under, if any. */
  readonly url: URL
  /** Default `/auth`. */
  readonly basePath?: string
  /** The origin of the page. Default: that of `url`. */
  readonly origin?: URL
  /** A session token of Clerk to sign in with. Default: none. */
  readonly token?: string | null
  /** The wait for an answer, ms. Default 10 000. */
  readonly timeout?: number
  /** The wait for the first view of the stream, ms. Default 3 000, after which a page polls. */
  readonly viewWait?: number
  /** The wait for the first ping of the stream, ms; 0 to ask for none. Default 20 000. */
  readonly pingWait?: number
  /** The longest wait for a server that says when to ask again, ms. Default 12 000. */
  readonly retryWait?: number
  /** Waits for a number of ms before it asks again. Default: by a timer. */
  readonly wait?: (ms: number) => Promise<unknown>
}

/** Examines a deployment from outside, as browsers meet it, and yields each finding as soon as it is there. */
export async function* runDoctor(options: DoctorOptions): AsyncGenerator<Finding> {
  const { url, basePath = '/auth', origin = url, token = null, timeout = 10_000 } = options
  const { viewWait = 3_000, pingWait = 20_000, retryWait = 12_000, wait = setTimeout } = options
  const probe = createProbe({ url, basePath, timeout })
  const answers = await reach(probe, () => checkAnswer(probe))
  yield* answers
  // The other checks would find the same again.
  if (answers.some(({ code, level }) => level === 'failure' && code !== 'clock.skewed' && code !== 'answer-cached'))
    return
  const stream = await openStream(probe, { origin, viewWait, pingWait })
  try {
    const pinged = stream.whenPinged()
    yield* stream.findings
    yield* await reach(probe, () => checkReturn(probe, stream))
    yield* await reach(probe, () => checkOrigin(probe, origin))
    yield* await reach(probe, () => checkToken(probe, { origin, token, retryWait, wait }))
    yield* await reach(probe, () => checkWebhook(probe))
    yield* await pinged
  } finally {
    stream.close()
  }
}

/** Runs a check. A server that cannot be reached is a finding too. */
async function reach({ url }: Probe, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const what = `${url.origin} cannot be reached: ${code ?? message}`
    const remedy = 'Start the server, and open the way to it; of a certificate, send the whole chain.'
    return [fail('network-failed', what, remedy, 'docs/troubleshooting.md#the-page-shows-failed')]
  }
}
