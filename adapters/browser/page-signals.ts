import type { SyncEvent } from '../../machines/sync/sync-events.ts'
import { attempt } from './attempt.ts'

/** Sends events for focus, visibility and the network if there is a page. Returns a function that ends it. */
export function watchPage(send: (event: SyncEvent) => void): () => void {
  if (typeof document === 'undefined') return () => {}
  const ends: (() => void)[] = []
  const listen = (target: EventTarget, type: string, listener: (event: Event) => void) =>
    attempt(() => {
      target.addEventListener(type, listener)
      ends.push(() => target.removeEventListener(type, listener))
    })
  const focus = () => {
    const isVisible = attempt(() => document.visibilityState) !== 'hidden'
    if (isVisible) send({ type: 'focus.gained' })
    // A page may become visible beside the one that has focus, and may become hidden without a blur.
    if (!(attempt(() => document.hasFocus()) ?? isVisible)) send({ type: 'focus.lost' })
  }
  listen(window, 'focus', focus)
  listen(window, 'blur', () => send({ type: 'focus.lost' }))
  const online = () => send({ type: 'network.online' })
  // The page is back from the back/forward cache, where connections are cut.
  listen(window, 'pageshow', (event) => {
    if (!(event as PageTransitionEvent).persisted) return
    online()
    focus()
  })
  // A frozen page has received nothing, and what arrives now is old.
  listen(document, 'resume', online)
  listen(document, 'visibilitychange', focus)
  listen(window, 'online', online)
  return () => ends.forEach(attempt)
}
