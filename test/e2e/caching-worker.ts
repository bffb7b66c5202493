/**
 * Returns the script of a service worker for an app that wants to work offline and does not know of event streams.
 * The worker stores each answer, or at least the first chunk of a stream, and answers from this store once it is told
 * to.
 *
 * @param keeps the headers that it stores
 */
export const toCachingWorker = (keeps: 'all headers' | 'the content type') => `
let answersFromCache = false
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('message', ({ data, ports }) => {
  answersFromCache = data
  ports[0].postMessage('done')
})
self.addEventListener('fetch', (event) => {
  const { method, url } = event.request
  if (method === 'GET' && new URL(url).pathname.startsWith('/auth/')) event.respondWith(answer(event.request))
})
async function answer(request) {
  const cache = await caches.open('app')
  const hit = answersFromCache && (await cache.match(request, { ignoreSearch: true }))
  if (hit) return hit
  const response = await fetch(request)
  if (!response.ok || answersFromCache) return response
  const { status, headers } = response
  const kept = ${keeps === 'all headers'} ? headers : { 'content-type': headers.get('content-type') }
  const [forPage, forCache] = response.body.tee()
  forCache.getReader().read().then(({ value }) =>
    cache.put(request.url.split('?')[0], new Response(value, { status, headers: kept })))
  return new Response(forPage, { status, headers })
}
`
