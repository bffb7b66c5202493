import { loopbackHost } from './loopback.ts'
import { parseUrl } from './parse-url.ts'

const webScheme = /^https?:\/\//i
const socketScheme = /^ws(s?):\/\//i
/**
 * The origin of an app's pages, such as `capacitor://localhost`. `URL` gives `null` as the origin of all such pages.
 */
const appOrigin = /^([a-z][a-z\d+.-]*):\/\/([^\s/?#@\\]+)/i
const localHost = new RegExp(`^${loopbackHost}(?::|/|$)`, 'i')
const bareHost = /^([\w.-]+|\[[\da-f:]+\])(:\d+)?(\/|$)/i

/** The remedy for `Origin: null`, which many kinds of pages send. */
export const originless =
  'pages of file:// and of sandboxed frames have none; serve an app from a scheme of its own, as app://my-app'

/**
 * Tells why no page can have a value as its origin. An `Origin` header and an `azp` have the form of RFC 6454 §6.2 and
 * are compared with the value exactly.
 *
 * @returns The problem, with the corrected value if it can be guessed, or null if the value is an origin.
 */
export function toOriginProblem(value: string): string | null {
  const shown = JSON.stringify(value.slice(0, 200))
  if (value.includes('*')) return `has the pattern ${shown}, and patterns are not matched: list each origin`
  if (/^(null$|file:)/i.test(value)) return `has ${shown}, which is no origin: ${originless}`
  const mended = toOrigin(value)
  if (mended === value) return null
  return mended === null
    ? `has ${shown}, which is no origin such as https://app.example.com or capacitor://localhost`
    : `has ${shown}, which no origin is equal to: write ${JSON.stringify(mended)}`
}

/** @returns The origin that a value means, or null. */
function toOrigin(value: string): string | null {
  const text = value.trim().replace(socketScheme, 'http$1://')
  if (webScheme.test(text)) return parseUrl(text)?.origin ?? null
  const [, scheme, authority] = appOrigin.exec(text) ?? []
  if (scheme !== undefined && authority !== undefined) return `${scheme.toLowerCase()}://${authority}`
  if (!bareHost.test(text) || text === 'null') return null
  return toOrigin(`${localHost.test(text) ? 'http' : 'https'}://${text}`)
}
