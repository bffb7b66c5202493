import { pickClaims, type AuthView } from '../../machines/auth-view.ts'
import type { EncodeView } from '../hub/session/view-stream.ts'
import { toViewFrame } from './sse-stream.ts'

/** Turns views into the form that a browser may see, with only the listed claims. */
export interface PublicViews {
  toView(view: AuthView): AuthView
  toJson(view: AuthView): string
  /** The JSON as a frame of an event stream. */
  readonly toFrame: EncodeView
}

export function createPublicViews(publicClaims: readonly string[]): PublicViews {
  /** Keeps the last JSON, because a view that a POST changed is sent to the streams and then answered right away. */
  let last: { readonly view: AuthView; readonly json: string } | null = null

  const toView = (view: AuthView) => (view.claims ? { ...view, claims: pickClaims(view.claims, publicClaims) } : view)

  function toJson(view: AuthView): string {
    if (last?.view !== view) last = { view, json: JSON.stringify(toView(view)) }
    return last.json
  }
  return { toView, toJson, toFrame: (view) => toViewFrame(toJson(view), view.rev) }
}
