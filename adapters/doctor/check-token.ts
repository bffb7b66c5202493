import { toShownValue } from '../jose/shown-value.ts'
import { checkNodes } from './check-nodes.ts'
import { fail, note, ok, refused, type Finding } from './finding.ts'
import { toObject, toText, type Answer, type Probe } from './probe.ts'

export interface TokenOptions {
  /** The origin of the page. */
  readonly origin: URL
  /** A session token of Clerk, or null to ask with one whose key does not exist. */
  readonly token: string | null
  /** The longest wait for a server that says when to ask again, ms. */
  readonly retryWait: number
  /** Waits for a number of ms. */
  readonly wait: (ms: number) => Promise<unknown>
}

const keysPage = 'docs/server.md#where-the-keys-come-from'

/** Finds out if the server gets its keys, and with a real token if it accepts it and if all nodes know the session. */
export async function checkToken(probe: Probe, options: TokenOptions): Promise<Finding[]> {
  const { token } = options
  const answer = await postToken(probe, options)
  const code = toText(answer, 'code')
  if (code === 'keys-unavailable') {
    const remedy = 'Open the way to api.clerk.com, set the right CLERK_SECRET_KEY, or give clerk.jwtKey.'
    return [fail(code, toText(answer, 'detail'), remedy, keysPage)]
  }
  if (token === null) return [toUnknownKey(answer)]
  if (answer.isProblem) return [refused(code, `${toText(answer, 'detail')} (${describe(token)})`)]
  if (answer.json['isSignedIn'] !== true) {
    const { code: reason, message } = Object(answer.json['error']) as { code?: string; message?: string }
    return [refused(reason ?? 'internal', message ?? 'The server does not sign the token in')]
  }
  return [ok('token', 'The server accepts the token.'), ...(await checkNodes(probe, answer))]
}

/** Posts a token. A server that has just asked for keys says when it asks again, and is then asked once more. */
async function postToken(probe: Probe, { origin, token, retryWait, wait }: TokenOptions): Promise<Answer> {
  const post = () =>
    probe.send({
      method: 'POST',
      path: '/events',
      headers: {
        origin: origin.origin,
        'sec-fetch-site': origin.origin === probe.url.origin ? 'same-origin' : 'cross-site',
      },
      body: { type: 'token.received', token: token ?? createUnknownToken() },
    })
  const answer = await post()
  const seconds = Number(answer.headers['retry-after'])
  if (answer.status !== 503 || !(seconds * 1_000 <= retryWait)) return answer
  await wait(seconds * 1_000)
  return post()
}

/** A token of the right shape whose key no instance of Clerk has: only a server with keys can refuse it. */
function createUnknownToken(): string {
  const now = Math.floor(Date.now() / 1_000)
  const header = { alg: 'RS256', typ: 'JWT', kid: 'ins_authchart_doctor' }
  const payload = { sub: 'user_doctor', sid: 'sess_doctor', iat: now, nbf: now, exp: now + 60 }
  return [JSON.stringify(header), JSON.stringify(payload), 'x'.repeat(256)]
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.')
}

function toUnknownKey(answer: Answer): Finding {
  const code = toText(answer, 'code')
  if (code === 'key-not-found') return ok('keys', 'The server has its keys. Give --token-env to try a token.')
  if (answer.status >= 500 || answer.status === 429) return refused(code || 'internal', toText(answer, 'detail'))
  return note(
    'keys',
    `The server refuses an unknown key with ${code || answer.status}. Give --token-env to try a token.`,
  )
}

/** Describes the claims that a server compares, which are no secrets. */
function describe(token: string): string {
  const { iss, azp } = toObject(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    readonly iss?: unknown
    readonly azp?: unknown
  }
  return `iss of the token: ${toShownValue(iss)}, azp: ${toShownValue(azp)}`
}
