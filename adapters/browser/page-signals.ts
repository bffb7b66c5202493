import type { SyncEvent } from '../../machines/sync-events.ts'

/** Tells of focus, visibility and the network, where there is a page. Returns the function that ends it. */
export function watchPage(send: (event: SyncEvent) => void): () => void {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => {}
  const controller = new AbortController()
  const { signal } = controller
  const focus = () => {
    if (document.visibilityState !== 'hidden') send({ type: 'focus.gained' })
    // A page may come into view beside the one that has focus, and go out of it with no blur.
    if (!document.hasFocus()) send({ type: 'focus.lost' })
  }
  window.addEventListener('focus', focus, { signal })
  window.addEventListener('blur', () => send({ type: 'focus.lost' }), { signal })
  // Back from the back/forward cache, where connections are cut.
  window.addEventListener('pageshow', (event) => event.persisted && focus(), { signal })
  document.addEventListener('visibilitychange', focus, { signal })
  window.addEventListener('online', () => send({ type: 'network.online' }), { signal })
  return () => controller.abort()
}
