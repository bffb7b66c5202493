import { pickClaims } from '../../machines/auth-view.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import { toViewFrame } from './sse-stream.ts'

/** Views as a browser may see them: with the listed claims alone. */
export interface PublicViews {
  toView(view: AuthView): AuthView
  toJson(view: AuthView): string
  /** The same as a frame of an event stream. */
  toFrame(view: AuthView): string
}

export function createPublicViews(publicClaims: readonly string[]): PublicViews {
  /** What a POST changed is sent to the session's streams and answered, one right after the other. */
  let last: { readonly view: AuthView; readonly json: string } | null = null

  const toView = (view: AuthView) => (view.claims ? { ...view, claims: pickClaims(view.claims, publicClaims) } : view)

  function toJson(view: AuthView): string {
    if (last?.view !== view) last = { view, json: JSON.stringify(toView(view)) }
    return last.json
  }
  return { toView, toJson, toFrame: (view) => toViewFrame(toJson(view), view.rev) }
}
