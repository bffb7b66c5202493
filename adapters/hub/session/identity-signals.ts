import { setMaxListeners } from 'node:events'
import { AuthError } from '../../../machines/auth-error.ts'
import { longestDelay } from '../../../machines/backoff.ts'
import { ruleNames, toFreshFor, toRuleRefusal, type AuthRule } from '../../../machines/is-allowed.ts'
import { setUnrefTimeout } from '../../timing/unref-clock.ts'
import type { LiveSession } from './live-session.ts'
import type { RuleSignal } from './session-state.ts'

/** @returns a signal that aborts when the identity of a session ends, or the rule, if one is given, no longer holds */
export function toIdentitySignal(session: LiveSession, rule: AuthRule | undefined): AbortSignal {
  return rule ? toRuleSignal(session, rule) : (session.state.controller ??= createShared()).signal
}

/** @returns a controller whose signal all requests of a session share; Node would warn of a leak at the 11th listener */
function createShared(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

/** @returns true if somebody has asked for a signal of the identity of the session */
export const hasSignal = ({ state }: LiveSession): boolean => state.controller !== null || state.ruleSignals !== null

/**
 * @returns a signal that aborts when the rule no longer holds, when another organization is active, or when the
 * identity ends. It is already aborted if the rule does not hold.
 */
function toRuleSignal(session: LiveSession, rule: AuthRule): AbortSignal {
  const view = session.view()
  const refusal = toRuleRefusal(view, rule)
  if (refusal) return AbortSignal.abort(new AuthError(refusal))
  const signals = (session.state.ruleSignals ??= new Map())
  // The list of names fixes the order of the members in the key, whatever their order in the rule.
  const key = JSON.stringify(rule, ruleNames)
  const known = signals.get(key)
  if (known) return known.controller.signal
  const signal: RuleSignal = { rule, orgId: view.orgId, controller: createShared() }
  signals.set(key, signal)
  arm(session, signal)
  return signal.controller.signal
}

/** Checks the rules of all signals of a session again, because its claims may have changed. */
export function followRules(session: LiveSession) {
  const { ruleSignals } = session.state
  if (!ruleSignals) return
  const view = session.view()
  for (const [key, signal] of ruleSignals) {
    const refusal = view.orgId === signal.orgId ? toRuleRefusal(view, signal.rule) : 'forbidden'
    if (refusal) {
      ruleSignals.delete(key)
      end(signal, new AuthError(refusal))
    } else {
      arm(session, signal)
    }
  }
  if (ruleSignals.size === 0) session.state.ruleSignals = null
}

/** Aborts every signal of a session whose identity has ended. */
export function endSignals({ state }: LiveSession) {
  const { controller, ruleSignals: signals } = state
  if (!controller && !signals) return
  state.controller = null
  state.ruleSignals = null
  const reason = new AuthError('not-signed-in')
  controller?.abort(reason)
  for (const signal of signals?.values() ?? []) end(signal, reason)
}

function end({ controller, timer }: RuleSignal, reason: AuthError) {
  clearTimeout(timer)
  controller.abort(reason)
}

function arm(session: LiveSession, signal: RuleSignal) {
  const { freshness } = signal.rule
  if (freshness === undefined) return
  clearTimeout(signal.timer)
  const left = toFreshFor(session.view(), freshness)
  signal.timer = setUnrefTimeout(() => followRules(session), Math.min(left + 1, longestDelay))
}
