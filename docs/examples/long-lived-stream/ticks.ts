import { H3, HTTPError } from 'h3'
import type { AuthServer } from 'authchart/h3'

/** A stream of numbers for the signed-in, which ends by itself as soon as they are not. `interval` in ms. */
export function createTicks(auth: AuthServer, interval = 1_000): H3 {
  const app = new H3()
  app.use('/ticks', auth.requireAuth())
  app.get('/ticks', (event) => {
    // From here on: at sign-out, at expiry, at a revocation, and when another user takes the session over.
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
