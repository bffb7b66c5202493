/** An answer that is streamed word by word to a signed-in user, and cut off at the sign-out. */
import { setTimeout } from 'node:timers/promises'
import { createAuthServer } from 'authchart/h3'
import { H3, HTTPError, iterable, readBody, serve } from 'h3'
import { servePage } from '../shared/serve-page.ts'

const port = Number(process.env['PORT'] ?? 3000)
const auth = createAuthServer({ claims: { authorizedParties: [`http://localhost:${port}`] } })
/** Words cost money, so only the users themselves may ask, and not a support agent who impersonates one. */
const rule = { impersonation: false } as const

const app = new H3()
app.register(auth.plugin)

app.use('/api/**', auth.requireAuth(rule))
app.post('/api/answer', async (event) => {
  const body = await readBody<{ question?: unknown }>(event)
  if (typeof body?.question !== 'string') throw new HTTPError({ status: 400, message: 'A question is missing' })
  // The first signal aborts when the user is signed out, or the rule no longer holds. The second aborts when the
  // browser goes away.
  const signal = AbortSignal.any([auth.signal(event, rule), event.req.signal])
  event.res.headers.set('content-type', 'text/plain; charset=utf-8')
  event.res.headers.set('cache-control', 'no-store')
  return iterable(toAnswer(body.question, signal))
})
app.get('/**', servePage)

/** Passes the words on until the signal aborts. Then the answer breaks off, so that no reader takes it for whole. */
async function* toAnswer(question: string, signal: AbortSignal): AsyncGenerator<string> {
  let count = 0
  let end = 'cut off'
  try {
    for await (const word of askModel(question, signal)) {
      signal.throwIfAborted()
      count += 1
      yield word
    }
    end = 'complete'
  } finally {
    console.log(`answer ${end} after ${count} words`)
  }
}

/**
 * Stands where the stream of a model would be. The client of a model takes the same signal, and stops the model with
 * it: `client.responses.create({ model, input: question, stream: true }, { signal })`.
 */
async function* askModel(question: string, signal: AbortSignal): AsyncGenerator<string> {
  const text =
    `You asked “${question}”. No model runs here, so this text counts the words of your question: there are ` +
    `${question.trim().split(/\s+/).length}. It comes word by word, as a model would send it, and it takes its time, so ` +
    'that you can sign out while it comes, here or in another tab. The server then stops in the middle of the ' +
    'sentence. It pays for no further word, and a browser that does not listen to the page gets no further word either.'
  for (const word of text.split(' ')) {
    await setTimeout(80, undefined, { signal })
    yield `${word} `
  }
}

serve(app, { port, hostname: 'localhost', gracefulShutdown: false })

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, async () => {
    await auth.close()
    process.exit()
  })
}
