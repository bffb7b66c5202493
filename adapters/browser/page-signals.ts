import type { SyncEvent } from '../../machines/sync/sync-events.ts'
import { attempt } from './attempt.ts'

/** Tells of focus, visibility and the network, where there is a page. Returns the function that ends it. */
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
    // A page may come into view beside the one that has focus, and go out of it with no blur.
    if (!(attempt(() => document.hasFocus()) ?? isVisible)) send({ type: 'focus.lost' })
  }
  listen(window, 'focus', focus)
  listen(window, 'blur', () => send({ type: 'focus.lost' }))
  const online = () => send({ type: 'network.online' })
  // Back from the back/forward cache, where connections are cut.
  listen(window, 'pageshow', (event) => {
    if (!(event as PageTransitionEvent).persisted) return
    online()
    focus()
  })
  // A page that was frozen heard nothing, and what comes now is old.
  listen(document, 'resume', online)
  listen(document, 'visibilitychange', focus)
  listen(window, 'online', online)
  return () => ends.forEach(attempt)
}
