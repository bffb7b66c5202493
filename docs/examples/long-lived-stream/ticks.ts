import type { AuthServer } from 'authchart/h3'
import { H3, HTTPError } from 'h3'

/**
 * Streams numbers to signed-in users. The stream ends by itself as soon as the user is signed out. `interval` is in
 * ms.
 */
export function createTicks(auth: AuthServer, interval = 1_000): H3 {
  const app = new H3()
  app.use('/ticks', auth.requireAuth())
  app.get('/ticks', (event) => {
    // The signal aborts at sign-out, at expiry, at a revocation, and when another user takes the session over.
    const signal = auth.signal(event)
    if (signal.aborted) throw new HTTPError({ status: 401, message: 'No user is signed in' })
    const gone = new AbortController()
    let timer: ReturnType<typeof setInterval>
    const body = new ReadableStream<string>({
      start(controller) {
        let count = 0
        timer = setInterval(() => controller.enqueue(`${(count += 1)}\n`), interval)
        const end = () => {
          clearInterval(timer)
          controller.enqueue('signed out\n')
          controller.close()
        }
        signal.addEventListener('abort', end, { once: true, signal: gone.signal })
      },
      cancel() {
        clearInterval(timer)
        gone.abort()
      },
    })
    return new Response(body.pipeThrough(new TextEncoderStream()), { headers: { 'cache-control': 'no-store' } })
  })
  return app
}
