import { createSseParser } from '../../adapters/browser/sse-parser.ts'
import type { AuthView } from '../../machines/index.ts'
import { toBodyText, toCookie, toRequest, type Exchange, type Wiretap } from './exchange.ts'
import type { SimBrowser, SimTab } from './sim-browser.ts'
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

export interface SimNetwork {
  /** The `fetch` of a tab. */
  fetch(tab: SimTab, input: string, init?: RequestInit): Promise<Response>
  /** Sends a stranger's POST, with the cookie if there is one. The answer is ignored. */
  inject(node: SimNode, tab: SimTab, body: string, cookie: string | undefined): void
  /** Holds up the next POST of a tab. `onSent` runs as soon as the POST is sent. */
  holdUpNext(tab: SimTab, onSent: () => void): void
  /** Holds up no POST that is not sent yet. */
  calm(): void
  /** The time when the last of the held-up messages arrives, epoch ms. */
  readonly clearsAt: number
  /** All exchanges in progress. */
  readonly exchanges: ReadonlySet<Exchange>
}

export interface SimNetworkOptions {
  readonly world: World
  /** The nodes that a load balancer knows. */
  readonly nodes: () => readonly SimNode[]
  readonly wiretap: Wiretap
}

export function createSimNetwork({ world, nodes, wiretap }: SimNetworkOptions): SimNetwork {
  const { time, random, weather } = world
  const exchanges = new Set<Exchange>()
  const arrived = new WeakMap<SimBrowser, number>()
  const heldUp = new Map<SimTab, () => void>()
  let sent = 0
  let clearsAt = 0

  function way(): number {
    return random.chance(weather.delay) ? longWay() : random.between(2, 60)
  }

  function longWay(): number {
    world.fired('message.delayed')
    const delay = random.between(500, 8_000)
    clearsAt = Math.max(clearsAt, time.now() + delay)
    return delay
  }

  /** Lets a node answer, and examines the answer before it leaves. */
  async function answer(exchange: Exchange, path: string): Promise<{ response: Response; text: string | null }> {
    await wiretap.onRequest(exchange)
    const response = await exchange.node.fetch(toRequest(exchange, path))
    const cookie = toCookie(response)
    if (cookie !== undefined) await wiretap.onCookie(exchange, cookie)
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) return { response, text: null }
    const text = await response.text()
    const body = JSON.parse(text) as AuthView & { view?: AuthView }
    if (!response.ok) world.note(`${exchange.name} is refused: ${(body as unknown as { code: string }).code}`)
    wiretap.onAnswer(exchange, response.status, response.ok ? body : body.view)
    return { response, text }
  }

  function send(tab: SimTab, input: string, init: RequestInit = {}): Promise<Response> {
    const { browser } = tab
    const { signal, method = 'GET' } = init
    const number = (sent += 1)
    return new Promise<Response>((resolve, reject) => {
      let isSettled = false
      let isGone = false
      let isLeft = false
      let controller: ReadableStreamDefaultController<Uint8Array> | null = null
      let reader: ReadableStreamDefaultReader<Uint8Array> | null = null
      let carryOn = () => {}
      let isStalled = false
      const pipe: (() => void)[] = []
      let latestDue = 0

      const exchange: Exchange = {
        name: `#${number} ${tab.party.name}`,
        tab,
        node: random.pick(nodes()),
        method,
        body: (init.body ?? '') as string,
        cookie: browser.cookie,
        isStreaming: false,
        wasStalled: false,
        reset: () => time.send(tab.party, 0, () => fail(new TypeError('The connection was reset'))),
        hangUp: () => time.send(node.party, 0, leave),
        stall() {
          isStalled = true
          exchange.wasStalled = true
        },
        resume() {
          if (!isStalled) return
          isStalled = false
          time.send(node.party, 0, () => carryOn())
        },
      }
      const { node } = exchange
      exchanges.add(exchange)

      function fail(error: Error) {
        exchanges.delete(exchange)
        exchange.isStreaming = false
        isGone = true
        if (isSettled) controller?.error(error)
        else reject(error)
        isSettled = true
        controller = null
      }

      /** Tells the server's end that its peer has gone. */
      function leave() {
        if (isLeft) return
        isLeft = true
        exchange.isStreaming = false
        void reader?.cancel().catch(() => {})
        carryOn()
      }

      /** Delivers something to the browser, in the order in which it was sent. */
      function deliver(work: () => void) {
        pipe.push(work)
        const due = Math.max(latestDue, time.now() + way())
        latestDue = due
        time.send(tab.party, due - time.now(), () => {
          const next = pipe.shift()
          if (!isGone) next?.()
        })
      }

      function keepCookie(response: Response) {
        browser.cookie = toCookie(response) ?? browser.cookie
      }

      async function pump(body: ReadableStream<Uint8Array>, parse: (text: string) => void) {
        const own = body.getReader()
        reader = own
        if (isLeft) return own.cancel()
        exchange.isStreaming = true
        const decoder = new TextDecoder()
        for (;;) {
          if (isStalled && !isLeft) await new Promise<void>((resume) => (carryOn = resume))
          const { done, value } = await own.read()
          if (isLeft) return
          if (done) break
          parse(decoder.decode(value, { stream: true }))
          deliver(() => controller?.enqueue(value))
        }
        deliver(() => fail(new TypeError('The connection was closed')))
      }

      async function handle() {
        if (node.isClosed) {
          world.fired('node.refused')
          return time.send(tab.party, way(), () => fail(new TypeError('The connection was refused')))
        }
        const latest = arrived.get(browser) ?? 0
        if (number < latest) world.fired('message.reordered')
        arrived.set(browser, Math.max(number, latest))
        world.note(`${exchange.name} ${method} at ${node.party.name} ${toBodyText(exchange)}`)
        const { response, text } = await answer(exchange, input)
        if (random.chance(weather.drop)) {
          world.fired('answer.dropped')
          return lose()
        }
        const { status, headers } = response
        if (text !== null) {
          return deliver(() => {
            exchanges.delete(exchange)
            keepCookie(response)
            isSettled = true
            isGone = true
            resolve(new Response(text, { status, headers }))
          })
        }
        deliver(() => {
          keepCookie(response)
          isSettled = true
          const body = new ReadableStream<Uint8Array>(
            { start: (own) => void (controller = own) },
            { highWaterMark: 64 },
          )
          resolve(new Response(body, { status, headers }))
        })
        return pump(response.body as ReadableStream<Uint8Array>, toFrameParser(exchange)).catch(() => {
          if (!isLeft) deliver(() => fail(new TypeError('The connection was reset')))
        })
      }

      /** Loses the rest of an exchange. Neither end learns of it, or the connection breaks after a while. */
      function lose() {
        if (random.chance(0.7)) time.send(tab.party, random.between(100, 3_000), () => fail(new TypeError('Reset')))
      }

      signal?.addEventListener('abort', () => {
        if (isGone) return
        fail(new DOMException('The request was aborted', 'AbortError'))
        time.send(node.party, way(), leave)
      })
      if (signal?.aborted) return fail(new DOMException('The request was aborted', 'AbortError'))
      if (!browser.isOnline) {
        world.fired('network.partitioned')
        if (random.chance(0.7)) time.send(tab.party, 5, () => fail(new TypeError('There is no network')))
        return undefined
      }
      if (random.chance(weather.drop)) {
        world.fired('message.dropped')
        return lose()
      }
      const onSent = method === 'POST' ? heldUp.get(tab) : undefined
      if (onSent) heldUp.delete(tab)
      onSent?.()
      const delay = onSent ? longWay() : way()
      time.send(node.party, delay, () => void handle())
      if (method === 'POST' && random.chance(weather.duplicate)) {
        world.fired('message.duplicated')
        const copy = { ...exchange, name: `${exchange.name} again`, node: random.pick(nodes()) }
        const later = delay + random.between(0, random.pick([1_000, 20_000]))
        clearsAt = Math.max(clearsAt, time.now() + later)
        time.send(copy.node.party, later, () => void replay(copy, input))
      }
      return undefined
    })
  }

  async function replay(copy: Exchange, path: string): Promise<void> {
    if (copy.node.isClosed) return
    world.note(`${copy.name} POST at ${copy.node.party.name} ${toBodyText(copy)}`)
    await answer(copy, path)
  }

  function toFrameParser(exchange: Exchange): (text: string) => void {
    return createSseParser({
      onMessage({ event, data }) {
        if (event === 'view') wiretap.onFrame(exchange, JSON.parse(data) as AuthView)
        else if (event === 'bye') world.note(`${exchange.name} bye ${data}`)
      },
      onRetry() {},
    })
  }

  return {
    fetch: send,
    inject(node, tab, body, cookie) {
      const nothing = () => {}
      const exchange: Exchange = {
        name: `#${(sent += 1)} intruder`,
        tab,
        node,
        method: 'POST',
        body,
        cookie,
        isStreaming: false,
        wasStalled: false,
        reset: nothing,
        hangUp: nothing,
        stall: nothing,
        resume: nothing,
      }
      time.send(node.party, way(), () => void replay(exchange, '/auth/events'))
    },
    holdUpNext: (tab, onSent) => void heldUp.set(tab, onSent),
    calm: () => heldUp.clear(),
    exchanges,
    get clearsAt() {
      return clearsAt
    },
  }
}
