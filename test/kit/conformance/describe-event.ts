import type { AuthEvent } from '../../../machines/index.ts'
import type { AuthModelEvent } from '../auth-model.ts'

const words: Readonly<Record<AuthEvent['type'] | 'xstate.done.actor' | 'xstate.error.actor' | 'time.passed', string>> =
  {
    'token.received': 'a token arrives',
    'session.cleared': 'the browser signs out',
    'session.revoked': 'Clerk revokes the session',
    'session.adopted': 'another node decides',
    'keys.refreshed': 'the keys are there again',
    'user.loaded': 'the profile comes in',
    'user.failed': 'the profile cannot be had',
    'xstate.done.actor': 'the check ends',
    'xstate.error.actor': 'the check fails',
    'time.passed': 'time passes until just before a timer',
  }

/** An event of the model in plain words, for example `the check ends: proof of another user`. */
export function describeEvent({ type, label }: AuthModelEvent): string {
  const timer = /^xstate\.after\.(\w+)\./.exec(type)?.[1]
  const known = Object.entries(words).find(([name]) => type.startsWith(name))
  const text = timer ? `${timer} fires` : (known?.[1] ?? type)
  return label ? `${text}: ${label}` : text
}
