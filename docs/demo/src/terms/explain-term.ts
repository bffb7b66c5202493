import { authErrors, authReasons, toReasonText, type AuthErrorCode, type AuthReason } from 'authchart'
import { guardTexts } from './guard-texts.ts'

/** The explanation of a term of this page, and the page of the documentation that says more. */
export interface TermText {
  readonly text: string
  readonly page: 'errors' | 'statechart' | 'glossary'
}

/** Words of the page that are neither a guard nor an error code. */
const words: Readonly<Record<string, string>> = {
  signedIn: 'A verified token proves who the user is.',
  signedOut: 'A verdict says that no user is signed in.',
  verifying: 'A token arrived and is being checked.',
  unchecked: 'Nothing is known yet: the page has given no token, and has not said that nobody is signed in.',
  error: 'The check could not be done. That is no verdict: nobody is signed out by it.',
  tolerance: 'Seconds for which a token still counts after its expiry, as two clocks never agree.',
}

/** @returns The explanation, or null for a term that this page does not know. */
export function explainTerm(term: string): TermText | null {
  const guard = Object.entries(guardTexts).find(([name]) => name === term)
  if (guard) return { text: guard[1], page: 'statechart' }
  const word = Object.entries(words).find(([name]) => name === term)
  if (word) return { text: word[1], page: 'glossary' }
  if (Object.hasOwn(authErrors, term)) return { text: toErrorText(term as AuthErrorCode), page: 'errors' }
  if ((authReasons as readonly string[]).includes(term))
    return { text: toReasonText(term as AuthReason), page: 'errors' }
  return null
}

function toErrorText(code: AuthErrorCode): string {
  const { title, status, retryable } = authErrors[code]
  return `${title}. HTTP ${status}; ${retryable ? 'a second try may succeed' : 'a second try would fail as well'}.`
}
