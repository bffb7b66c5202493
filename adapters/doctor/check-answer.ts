import { createPublicId } from '../hub/cookies/secret-id.ts'
import { fail, ok, proxyPage, refused, warn, type Finding } from './finding.ts'
import { toText, type Answer, type Probe } from './probe.ts'

/** A difference of the clocks up to this is no finding, ms. */
const clockTolerance = 5_000

const otherPage = 'docs/troubleshooting.md#404-or-a-page-of-html-in-place-of-an-answer'
const cachePage = 'docs/networks.md#a-service-worker-that-answers-from-its-cache'
const clockPage = 'docs/server.md#when-the-clock-is-wrong'

/** Finds out if authchart answers at this address at all, if a cache is in between, and if the clocks agree. */
export async function checkAnswer(probe: Probe): Promise<Finding[]> {
  const label = createPublicId()
  const sent = Date.now()
  const answer = await probe.send({ path: `/session?connection=${label}` })
  const received = Date.now()
  const stranger = toStranger(answer)
  if (stranger) return [stranger]
  return [
    ok('answer', 'authchart answers.'),
    toCached(answer, label),
    toClock(Number(answer.json['now']), sent, received),
  ].filter((finding) => finding !== null)
}

/** @returns a failure if the answer is a refusal or comes from something else than authchart */
export function toStranger(answer: Answer): Finding | null {
  const { status, headers, json } = answer
  if (answer.isProblem) return refused(toText(answer, 'code'), toText(answer, 'detail'))
  if (status >= 300 && status < 400) {
    const remedy = 'Give the doctor the address that the browser shows in the end, and forward the base path there.'
    return fail('answer-malformed', `The server redirects to ${headers.location ?? 'nowhere'}`, remedy, otherPage)
  }
  if (status === 200 && typeof json['channel'] === 'string' && typeof json['now'] === 'number') return null
  const what = `Something else than authchart answers: status ${status}, ${headers['content-type'] ?? 'no content type'}`
  if (status === 413) {
    return fail('body-too-large', what, 'Let the proxy allow bodies and headers of 16 KB.', proxyPage)
  }
  const remedy =
    status >= 500
      ? 'Start the server, or let the proxy reach it.'
      : 'Forward the base path to the server; if it is not /auth, name it with --base-path.'
  return fail('answer-malformed', what, remedy, otherPage)
}

function toCached({ headers }: Answer, label: string): Finding | null {
  const remedy = 'Exclude the base path from every cache, and let the proxy keep the headers of the answer.'
  if (headers['authchart-connection'] !== undefined && headers['authchart-connection'] !== label) {
    return fail('answer-cached', 'The answer was made for an earlier request', remedy, cachePage)
  }
  if (headers['cache-control']?.includes('no-store') === true && headers['authchart-connection'] === label) return null
  return warn('answer-cached', 'A proxy removes headers that keep answers out of caches', remedy, cachePage)
}

function toClock(now: number, sent: number, received: number): Finding {
  const ahead = now > received ? now - received : Math.min(0, now - sent)
  if (Math.abs(ahead) <= clockTolerance)
    return ok('clock', 'The clock of the server agrees with the one of this machine.')
  const seconds = Math.round(Math.abs(ahead) / 1_000)
  return fail(
    'clock.skewed',
    `The clock of the server is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} the one of this machine`,
    'Set the clock of the wrong one by NTP: a server whose clock is wrong refuses tokens.',
    clockPage,
  )
}
