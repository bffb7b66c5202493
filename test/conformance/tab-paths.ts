import { toModelPaths, withoutRepeats, type ModelPaths } from 'authchart/testing'
import { planPath, type PlannedStep } from '../kit/conformance/plan-path.ts'

/** Keeps only the paths that one tab can complete. The others would end early, each at the cost of a page. */
export function toTabPaths(): ModelPaths[] {
  const all = withoutRepeats([{}, { refusedToken: 'signOut' } as const].flatMap((input) => toModelPaths(input)))
  return all.map(({ input, model, paths }) => ({
    input,
    model,
    paths: paths.filter((path) => {
      const plan = planPath(path, model)
      const kinds = new Set(plan.map(({ step }) => step.kind))
      // A profile that keeps the path waiting counts as failed.
      if (kinds.has('profile') && kinds.has('time')) return false
      return plan.every((planned) => isTabStep(planned, model.timeOf(planned.before).isKnown))
    }),
  }))
}

function isTabStep({ step, before }: PlannedStep, isKnown: boolean): boolean {
  const isChecking = before.context.queue.length > 0
  const isSignedIn = before.hasTag('signedIn')
  switch (step.kind) {
    case 'token':
      return !isChecking
    case 'clear':
      return !isChecking && step.sessionId === undefined && before.value !== 'signedOut'
    case 'revoke':
      return isSignedIn
    case 'adopt':
      return isKnown && (isSignedIn || step.record.status === 'signedIn')
    case 'profile':
      return isSignedIn && before.context.user === null && step.userId === before.context.userId
    case 'time':
      return step.clockJump === 0
    default:
      return true
  }
}
