import type { AuthView } from '../../../machines/index.ts'
import type { ConformanceStep } from './conformance-step.ts'

/** One step as a law sees it. */
interface Case {
  readonly step: ConformanceStep
  readonly before: AuthView
  readonly after: AuthView
  /** The Clerk sessions for which there was a verdict or a decision of another node so far. */
  readonly vouched: ReadonlySet<string>
  /** The virtual time, ms. */
  readonly clockTolerance: number
}

const isRefusal = ({ step }: Case) => step.kind === 'verdict' && step.verdict.error !== null
const isEnd = ({ step }: Case) =>
  step.kind === 'clear' ? step.sessionId === undefined : step.kind === 'revoke' && !step.sessionId && !step.userId

/** The rules for every view after every step, which do not depend on the machine. Each maps a sentence to its check. */
const laws: Readonly<Record<string, (facts: Case) => boolean>> = {
  'who is signed in is named, and who is not is nobody': ({ after }) =>
    [after.userId, after.sessionId, after.claims, after.expiresAt].every(
      (each) => (each !== null) === after.isSignedIn,
    ),
  'signed in shows as signedIn, and nothing else does': ({ after }) =>
    after.isSignedIn === (after.state === 'signedIn'),
  'a verdict stands exactly in signedIn and signedOut': ({ after }) =>
    after.authChecked === ['signedIn', 'signedOut'].includes(after.state),
  'signed in ends with the token and its tolerance': ({ after, clockTolerance }) =>
    !after.isSignedIn || after.now < (after.expiresAt ?? 0) + clockTolerance,
  'nobody is signed in whom no verdict and no other node has spoken for': ({ after, vouched }) =>
    !after.isSignedIn || vouched.has(after.sessionId ?? ''),
  'a sign-out and a revocation are obeyed': (facts) => !isEnd(facts) || !facts.after.isSignedIn,
  'a failed check signs nobody in': (facts) => !isRefusal(facts) || !facts.after.isSignedIn || facts.before.isSignedIn,
  'an outage is no sign-out': ({ step, before, after }) =>
    step.kind !== 'verdict' ||
    step.verdict.error?.code !== 'keys-unavailable' ||
    after.state !== 'signedOut' ||
    before.state === 'signedOut',
  'waiting signs nobody in': ({ step, before, after }) =>
    step.kind !== 'time' || !after.isSignedIn || before.isSignedIn,
  'an arriving token changes nobody': ({ step, before, after }) =>
    step.kind !== 'token' || !after.isSignedIn || after.userId === before.userId,
  'timedOut is never taken back': ({ before, after }) => after.timedOut || !before.timedOut,
}

/**
 * Watches the views of one path.
 *
 * @returns the laws that a step broke, as sentences
 */
export function createLawWatch(
  first: AuthView,
  clockTolerance: number,
): (step: ConformanceStep, view: AuthView) => string[] {
  const vouched = new Set<string>()
  let before = first
  return (step, after) => {
    if (step.kind === 'verdict' && step.verdict.session?.status === 'active')
      vouched.add(step.verdict.session.sessionId)
    if (step.kind === 'adopt') vouched.add(step.record.sessionId ?? '')
    const facts = { step, before, after, vouched, clockTolerance: clockTolerance * 1_000 }
    before = after
    return Object.entries(laws).flatMap(([law, holds]) => (holds(facts) ? [] : [law]))
  }
}
