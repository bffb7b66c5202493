/**
 * The statecharts, the views and the errors, without any I/O.
 *
 * @module authchart
 */

export {
  AuthError,
  MissingSecretKeyError,
  MissingUserError,
  authErrors,
  isAuthError,
  isAuthErrorCode,
  toAuthError,
  toErrorView,
} from './auth-error.ts'
export type { AuthErrorCode, AuthErrorMeaning, AuthErrorOptions, AuthErrorView, TokenRefusal } from './auth-error.ts'
export { BearerToken, isBearerToken } from './bearer-token.ts'
export { toOrgRole } from './verified-session.ts'
export type { AuthClaims, AuthUser, Impersonator, VerifiedSession } from './verified-session.ts'
export type { SessionRecord, EndMoments } from './session-record.ts'
export type { AdoptedSession, AuthEmitted, AuthEvent, TokenOutcome } from './auth-events.ts'
export { toAdoptedSession } from './adopted-session.ts'
export { authMachine } from './auth.machine.ts'
export type { AuthMachine, AuthSnapshot } from './auth.machine.ts'
export type { AuthContext, AuthInput, ProvenIdentity } from './auth-context.ts'
export { isSameIdentity, isSignedIn, toAuthView, toUncheckedView } from './auth-view.ts'
export type { AuthStateName, AuthView, AuthViewOptions, SignedInView } from './auth-view.ts'
export { serializeView } from './serialize-view.ts'
export { isAllowed } from './is-allowed.ts'
export type { AuthRule } from './is-allowed.ts'
export { whenChecked } from './when-checked.ts'
export type { WhenCheckedOptions } from './when-checked.ts'
export { jwksMachine, toCooldownLeft, toUsableKeys } from './jwks.machine.ts'
export type { JwksContext, JwksEmitted, JwksEvent, JwksInput, JwksMachine, JwksSnapshot } from './jwks.machine.ts'
export { syncMachine } from './sync/sync.machine.ts'
export type { SyncContext, SyncInput } from './sync/sync-context.ts'
export { SyncError } from './sync/sync-error.ts'
export type { SyncErrorCode, SyncFailure } from './sync/sync-error.ts'
export type {
  ByeReason,
  ClerkIdentity,
  FetchTokenInput,
  FetchViewInput,
  OpenStreamInput,
  PostEventInput,
  SyncEvent,
} from './sync/sync-events.ts'
export { resolveRecord } from './resolve-record.ts'
export { onAuthChange } from './on-auth-change.ts'
export type { AuthChange } from './on-auth-change.ts'
export { explain, explainHistory } from './explain/explain.ts'
export type { ExplainedTransition, Explanation, ExplanationFacts } from './explain/explain.ts'
export { addToHistory, createHistory, toTransitions } from './explain/auth-history.ts'
export type { AuthHistory, AuthTransition } from './explain/auth-history.ts'
export { authReasons, toReasonText } from './explain/auth-reason.ts'
export type { AuthReason, AuthStateLabel } from './explain/auth-reason.ts'
export type { AuthActor } from './explain/actor-history.ts'
export { recordTrace } from './explain/auth-trace.ts'
export type { AuthTrace, RecordTraceOptions } from './explain/auth-trace.ts'
export type { AuthTraceJson, TracedEvent, TracedSession, TracedView, TraceStep } from './explain/auth-trace-json.ts'
