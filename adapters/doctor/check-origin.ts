import { toStranger } from './check-answer.ts'
import { fail, note, ok, proxyPage, refused, warn, type Finding } from './finding.ts'
import { toText, type Answer, type Probe } from './probe.ts'

const originPage = 'docs/server.md#requests-from-other-sites'

/** A text that is no token, as long as a token may be, so that a proxy with a lower limit refuses it. */
const junk = 'x'.repeat(8_000)

/** Finds out if the page may post, and if the pages of other sites may not. */
export async function checkOrigin(probe: Probe, origin: URL): Promise<Finding[]> {
  const isSame = origin.origin === probe.url.origin
  const post = (headers: Record<string, string>) =>
    probe.send({ method: 'POST', path: '/events', headers, body: { type: 'token.received', token: junk } })
  const page = await post({ origin: toOrigin(origin), 'sec-fetch-site': isSame ? 'same-origin' : 'cross-site' })
  const findings = [
    toPage(page) ?? (isSame ? toOld(await post({ origin: toOrigin(origin) })) : toReadable(page, origin)),
  ]
  const stranger = await post({ origin: 'https://doctor.invalid', 'sec-fetch-site': 'cross-site' })
  if (toText(stranger, 'code') === 'token-malformed' || stranger.headers['access-control-allow-origin'] !== undefined) {
    const remedy =
      'List only origins of your own in allowedOrigins, and let the proxy leave Origin, Sec-Fetch-Site and the CORS headers as they are.'
    findings.push(
      fail('origin-rejected', 'The page of any other site may post here or read the answer', remedy, originPage),
    )
  }
  return findings
}

const toOrigin = (url: URL) => (url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin)

/** @returns a failure unless the post got as far as the token, which is none */
function toPage(answer: Answer): Finding | null {
  const code = toText(answer, 'code')
  if (code === 'token-malformed') return null
  if (answer.isProblem) return refused(code, toText(answer, 'detail'))
  return toStranger(answer) ?? refused('internal', 'The server takes a text for a token that is none')
}

/** A browser without Fetch Metadata is known by the host alone, which a proxy may rewrite. */
function toOld(answer: Answer): Finding {
  if (toText(answer, 'code') !== 'origin-rejected')
    return ok('origin', 'The page may post, and the pages of other sites may not.')
  const remedy = 'Let the proxy keep Host, or list the origin in allowedOrigins.'
  return warn(
    'origin-rejected',
    'Browsers without Sec-Fetch-Site are refused, because a proxy rewrites Host',
    remedy,
    proxyPage,
  )
}

/** A page of another origin has to be allowed to read the answer, with its cookies. */
function toReadable({ headers }: Answer, origin: URL): Finding {
  const isAllowed = headers['access-control-allow-origin'] === toOrigin(origin)
  if (isAllowed && headers['access-control-allow-credentials'] === 'true') {
    return ok('origin', 'The page may post and read the answer, and the pages of other sites may not.')
  }
  const remedy = 'Let the proxy leave the CORS headers as they are.'
  return fail('origin-rejected', 'The page may post, and not read the answer with its cookies', remedy, originPage)
}

/** Finds out if Clerk's webhook is received. The request is not signed, so it changes nothing. */
export async function checkWebhook(probe: Probe): Promise<Finding[]> {
  const answer = await probe.send({ method: 'POST', path: '/webhook', body: {} })
  if (toText(answer, 'code') === 'request-malformed') return [ok('webhook', "Clerk's webhook is received.")]
  if (toText(answer, 'code') !== 'not-found') return []
  return [
    note('webhook', "Clerk's webhook is not set up: a sign-out in its dashboard counts only after the token's life."),
  ]
}
