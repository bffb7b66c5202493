import { authErrors, type AuthErrorCode } from '../../machines/auth-error.ts'
import { toRemedy } from '../../machines/remedies.ts'

/** The result of one check. */
export interface Finding {
  /**
   * `failure`: users meet it. `warning`: some users meet it, or it is a risk. `note`: there is nothing to mend, or it
   * could not be checked.
   */
  readonly level: 'ok' | 'note' | 'warning' | 'failure'
  /** A code of docs/errors.md or of the log, a value of `connection`, or the name of the check. */
  readonly code: string
  /** A sentence about what was seen. */
  readonly message: string
  /** A sentence about what to do. */
  readonly remedy?: string
  /** The section of the documents that says more. */
  readonly page?: string
}

export const ok = (code: string, message: string): Finding => ({ level: 'ok', code, message })

export const note = (code: string, message: string): Finding => ({ level: 'note', code, message })

export const fail = (code: string, message: string, remedy: string, page: string): Finding => ({
  level: 'failure',
  code,
  message,
  remedy,
  page,
})

export const warn = (...finding: Parameters<typeof fail>): Finding => ({ ...fail(...finding), level: 'warning' })

/** The section about proxies, which several checks name. */
export const proxyPage = 'docs/troubleshooting.md#it-works-here-and-not-behind-the-proxy'

/** What the person who runs the server does about a code, where the remedy of its errors is for another person. */
const remedies: Partial<Record<AuthErrorCode, string>> = {
  'at-capacity': 'Raise limits.sessions, or add a node.',
  'method-not-allowed': 'Let the proxy pass the method of a request on.',
  'request-malformed': 'Let the proxy pass the body and the query of a request on as they are.',
  'store-unavailable': 'Restore the store: the log of the server says store.failed or redis.lost.',
  'token-expired': 'Give a fresh token, which lives for a minute. If it is fresh, set the clock of the server.',
  'token-not-active': 'Set the clock of the server.',
  'too-many-requests': 'Wait for a minute.',
  'too-many-sessions':
    'If everybody is refused, read the address of the client from the right header in clientAddress.',
}

const isKnown = (code: string): code is AuthErrorCode => Object.hasOwn(authErrors, code)

/** Makes a failure of an error that the server answered. */
export function refused(code: string, detail: string): Finding {
  if (!isKnown(code)) return fail(code, detail, 'Use the doctor of the same version as the server.', 'docs/errors.md')
  const { status, retryable } = authErrors[code]
  const section = status === 503 ? '503-on-sign-in' : status === 429 ? '429' : null
  const page = section ? `docs/troubleshooting.md#${section}` : 'docs/errors.md'
  return fail(code, detail, remedies[code] ?? toRemedy({ code, retryable }), page)
}

const labels = { ok: 'ok  ', note: 'note', warning: 'WARN', failure: 'FAIL' } as const
/** The width of the column of codes, in characters. */
const codeWidth = 18
/** The number of characters of one text that is printed. */
const maxText = 400

/**
 * Writes a finding as one line. Texts come from a server that may be hostile, so only printable characters are written,
 * and no secret of the run.
 */
export function toLine({ level, code, message, remedy, page }: Finding, secrets: readonly string[]): string {
  const line = [message, remedy, page && `See ${page}`].filter(Boolean).map((text) => toSentence(text!, secrets))
  return `${labels[level]}  ${toPrintable(code, secrets).padEnd(codeWidth)}  ${line.join(' ')}`
}

const toSentence = (text: string, secrets: readonly string[]) => {
  const printable = toPrintable(text, secrets)
  return /[.!?]$/.test(printable) ? printable : `${printable}.`
}

function toPrintable(text: string, secrets: readonly string[]): string {
  let printable = text
  for (const secret of secrets) if (secret !== '') printable = printable.replaceAll(secret, '…')
  return printable.slice(0, maxText).replace(/[^\x20-\x7e…]/g, '?')
}
