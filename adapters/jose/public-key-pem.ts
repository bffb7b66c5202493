import { unquote } from '../unquote.ts'

const header = '-----BEGIN PUBLIC KEY-----'
const footer = '-----END PUBLIC KEY-----'
/** The base64 of `-----BEGIN`. */
const encodedBegin = 'LS0tLS1CRUdJT'
/** Line breaks that were escaped once or more often. A PEM text itself contains no backslash. */
const writtenBreaks = /\\+[rn]/g
const privateKey = 'a private key, which no verifier needs: give the public one'
/** DER of the integer 0, which is the version at the start of a private key (RFC 5208 §5, RFC 8017 A.1.2). */
const privateKeyVersion = '\x02\x01\x00'

/**
 * Returns the body of a PEM public key (RFC 7468 §13): the base64 of its DER in one line. It accepts every shape that
 * an environment variable may give to a key: line breaks written as `\n` or `\r\n`, replaced by blanks or lost, quotes
 * around it, the indentation of a YAML file, the body alone, and base64 of the whole.
 *
 * @throws Error with the reason if there is no public key. The message never contains the given text.
 */
export function readPublicKeyPem(given: string): string {
  const text = unquote(given).replaceAll(writtenBreaks, '\n').trim()
  const bare = text.replaceAll(/\s+/g, '')
  if (bare === '') throw new Error('empty')
  if (bare.startsWith(encodedBegin)) return readPublicKeyPem(decode(bare))
  if (text.includes('PRIVATE KEY')) throw new Error(privateKey)
  const body = text.includes('-----BEGIN') ? toBody(text) : bare
  if (isPrivate(decode(body))) throw new Error(privateKey)
  return body
}

/** Returns a PEM text in the form that every PEM reader accepts. */
export function toPem(body: string): string {
  return [header, ...(body.match(/.{1,64}/g) ?? []), footer, ''].join('\n')
}

function toBody(text: string): string {
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1]
  if (label === 'RSA PUBLIC KEY') {
    throw new Error('an RSA PUBLIC KEY (PKCS#1); `openssl rsa -RSAPublicKey_in -pubout` makes the PUBLIC KEY of it')
  }
  if (label !== 'PUBLIC KEY') throw new Error('a PEM of another kind than PUBLIC KEY')
  if (!text.includes(footer)) {
    throw new Error(`cut off: it has no line "${footer}". Put it in one line, with \\n for its line breaks`)
  }
  if (!text.startsWith(header) || !text.endsWith(footer)) throw new Error('not a PEM public key and nothing else')
  return text.slice(header.length, -footer.length).replaceAll(/\s+/g, '')
}

/** True if the first member of a DER sequence is the version of a private key. */
function isPrivate(der: string): boolean {
  const length = der.charCodeAt(1)
  return der.startsWith(privateKeyVersion, length < 0x80 ? 2 : 2 + (length & 0x7f))
}

/** Returns the bytes of base64 as the characters of a string. */
function decode(base64: string): string {
  try {
    return atob(base64)
  } catch {
    throw new Error('not a PEM public key')
  }
}
