/**
 * A service worker as an app has one that wants to work offline, and that does not know of event streams: it keeps what it
 * was answered, the first chunk of a stream at least, and answers from that once it is told to.
 *
 * @param keeps what it keeps of the headers
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
