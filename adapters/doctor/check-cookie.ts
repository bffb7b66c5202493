import { isSecretId } from '../hub/cookies/secret-id.ts'
import { fail, ok, proxyPage, warn, type Finding } from './finding.ts'

/** The session cookie as the answer sets it. */
export interface SetCookie {
  readonly name: string
  readonly value: string
  /** The attributes by their names in lower case. */
  readonly attributes: ReadonlyMap<string, string>
}

const cookiePage = 'docs/server.md#the-cookie'
const keptAsIs = 'Let the proxy leave the attributes of the cookie as they are.'

/** Finds the session cookie among the cookies of an answer, by the form of its value, because it may have any name. */
export function findSessionCookie(headers: readonly string[] = []): SetCookie | null {
  for (const header of headers) {
    const [pair = '', ...rest] = header.split(';').map((part) => part.trim())
    const [name, value] = splitAt(pair)
    if (!isSecretId(value)) continue
    return { name, value, attributes: new Map(rest.map(splitAt).map(([key, text]) => [key.toLowerCase(), text])) }
  }
  return null
}

function splitAt(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}

/** Finds out if a browser keeps the cookie, and if only this server gets it. */
export function checkCookie(cookie: SetCookie | null, url: URL, origin: URL): Finding[] {
  if (cookie === null) {
    const remedy = 'Let the proxy pass Set-Cookie on.'
    return [fail('cookie-missing', 'The answer of the stream sets no session cookie', remedy, proxyPage)]
  }
  const { name, attributes } = cookie
  const isSecure = attributes.has('secure')
  const findings: Finding[] = []
  if (url.protocol === 'http:' && isSecure) {
    findings.push(
      fail(
        'cookie-missing',
        'The cookie is Secure and the page is on plain http, where a browser does not keep it',
        'Serve the page over https, or set cookie.secure: false.',
        cookiePage,
      ),
    )
  }
  if (url.protocol === 'https:' && !isSecure) {
    findings.push(
      fail(
        'cookie.plain',
        'The page is on https and the cookie is not Secure',
        'Run the server with NODE_ENV=production, let the proxy send X-Forwarded-Proto, or set cookie.secure: true.',
        cookiePage,
      ),
    )
  }
  if (name.startsWith('__Host-') && (attributes.get('path') !== '/' || attributes.has('domain'))) {
    findings.push(
      fail(
        'cookie-missing',
        'A proxy has changed the path or the domain of the cookie, so that no browser keeps it',
        keptAsIs,
        cookiePage,
      ),
    )
  } else if (attributes.has('domain')) {
    findings.push(fail('cookie', 'A proxy gives the cookie to all subdomains', keptAsIs, cookiePage))
  }
  if (!attributes.has('httponly')) {
    findings.push(fail('cookie', 'Scripts of the page can read the cookie', keptAsIs, cookiePage))
  }
  if (isOtherSite(url, origin) && attributes.get('samesite')?.toLowerCase() !== 'none') {
    findings.push(
      warn(
        'cookie-missing',
        'The page is on another host, and the cookie is sent only if both are of one site',
        "If they are not, set cookie.sameSite: 'none', and cookie.partitioned: true for browsers that block third-party cookies.",
        'docs/environments.md#a-frame-on-another-site',
      ),
    )
  }
  return findings.length > 0
    ? findings
    : [ok('cookie', 'A browser keeps the session cookie, and only this host gets it.')]
}

/** True unless one host is the other one or a subdomain of it. Only a browser knows for sure what a site is. */
function isOtherSite({ hostname: a }: URL, { hostname: b }: URL): boolean {
  return a !== b && !a.endsWith(`.${b}`) && !b.endsWith(`.${a}`)
}
