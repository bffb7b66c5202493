import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuthView } from '../../machines/index.ts'
import { createSigner } from '../h3/session-tokens.ts'
import { openSse } from '../h3/sse-reader.ts'
import { createRandom } from '../seeded-random.ts'
import { durable, startRedis } from '../store/redis-server.ts'
import { findSqliteNode } from '../store/sqlite-node.ts'
import { buildNode, type NodeProcess } from './start-node.ts'

/** The result of the rounds. `lostSignOuts` and `wrongSignIns` must be 0. */
export interface KillSummary {
  rounds: number
  readonly seed: number
  readonly kills: { node: number; redis: number }
  readonly signIns: { acknowledged: number; failed: number }
  /** The sign-outs. The browser repeats a failed one until the server acknowledges it. */
  readonly signOuts: { acknowledged: number; failed: number }
  lostSignOuts: number
  wrongSignIns: number
  /** The errors, each with its round. */
  readonly faults: string[]
  seconds: number
}

export interface KillOptions {
  /** `redis`: two nodes and a Redis, one of which is killed in every round. `sqlite`: one node and a file. */
  readonly store: 'redis' | 'sqlite'
  readonly rounds: number
  readonly seed: number
  /** Prints the progress, and the events of a round with a fault. */
  readonly log?: (line: string) => void
  /** Ends the run after the current round. */
  readonly signal?: AbortSignal
}

interface Answer {
  readonly status: number
  readonly view: Partial<AuthView> & { readonly code?: string }
  readonly cookie: string | undefined
}

interface Browser {
  readonly user: string
  readonly token: string
  cookie: string | undefined
  seq: number
  /** True if the server has confirmed the sign-out. */
  isOut: boolean
}

/** The longest pause before a request or a kill, ms. It is about the time of a sign-in and a sign-out. */
const within = 25
const browsersPerRound = 3
/**
 * How often a browser tries to sign in while it is told to ask again. With one node it tries until the node is back.
 */
const signInAttempts = { redis: 4, sqlite: 60 } as const
const none: Answer = { status: 0, view: {}, cookie: undefined }

/** Runs rounds in which a few browsers sign in and out while a node is killed, or the Redis of two nodes. */
export async function runKillRounds({
  store,
  rounds,
  seed,
  log = () => {},
  signal,
}: KillOptions): Promise<KillSummary> {
  const started = performance.now()
  const random = createRandom(seed)
  const signer = createSigner()
  const stranger = createSigner()
  const redis = store === 'redis' ? await startRedis(...durable) : null
  const folder = await mkdtemp(join(tmpdir(), 'authchart-kill-'))
  const builder = await buildNode()
  const execPath = findSqliteNode() ?? undefined
  const place = redis ? { redis: redis.url } : { sqlite: join(folder, 'sessions.db'), execPath }
  const startNode = () => builder.start({ ...place, jwks: signer.jwks })
  const nodes = redis ? [await startNode(), await startNode()] : [await startNode()]
  const summary: KillSummary = {
    rounds: 0,
    seed,
    kills: { node: 0, redis: 0 },
    signIns: { acknowledged: 0, failed: 0 },
    signOuts: { acknowledged: 0, failed: 0 },
    lostSignOuts: 0,
    wrongSignIns: 0,
    faults: [],
    seconds: 0,
  }

  let trace: string[] = []
  const note = (line: string) => void trace.push(`${(performance.now() - started).toFixed(1)} ${line}`)
  const pick = () => nodes[Math.floor(random() * nodes.length)]!
  const pause = () => new Promise((resolve) => setTimeout(resolve, random() * within))

  async function send(node: NodeProcess, path: string, init: RequestInit = {}): Promise<Answer> {
    try {
      const response = await fetch(`${node.url}${path}`, { ...init, signal: AbortSignal.timeout(10_000) })
      const text = await response.text()
      const cookie = response.headers.get('set-cookie')?.split(';')[0]
      return { status: response.status, view: text ? (JSON.parse(text) as AuthView) : {}, cookie }
    } catch {
      // The server was killed before it could answer, so nothing is known.
      return none
    }
  }

  async function post(browser: Browser, node: NodeProcess, body: object): Promise<Answer> {
    const headers: Record<string, string> = { 'content-type': 'application/json', origin: node.url }
    if (browser.cookie) headers['cookie'] = browser.cookie
    const text = JSON.stringify({ ...body, tab: 'tab', seq: (browser.seq += 1) })
    const name = `${browser.user} ${'token' in body ? 'in' : 'out'} at ${nodes.indexOf(node)}`
    note(`${name} …`)
    const answer = await send(node, '/auth/events', { method: 'POST', headers, body: text })
    note(`${name}: ${answer.status} ${answer.view.code ?? answer.view.state ?? ''}`)
    browser.cookie = answer.cookie ?? browser.cookie
    return answer
  }

  const fault = (kind: 'lostSignOuts' | 'wrongSignIns', round: number, what: string) => {
    summary[kind] += 1
    note(`FAULT: ${what}`)
    summary.faults.push(`round ${round}: ${what}`)
  }
  const check = (round: number, browser: Browser, view: Partial<AuthView>, where: string) => {
    if (!view.isSignedIn) return
    if (view.userId !== browser.user) fault('wrongSignIns', round, `${where} took ${browser.user} for ${view.userId}`)
    else if (browser.isOut) fault('lostSignOuts', round, `${where} has ${browser.user} signed in after the sign-out`)
  }

  const isReady = async (node: NodeProcess) => (await send(node, '/ready')).status === 204
  async function untilReady() {
    for (const node of nodes) while (!(await isReady(node))) await pause()
  }

  async function signOut(browser: Browser, node: NodeProcess): Promise<boolean> {
    const { status, view } = await post(browser, node, { type: 'session.cleared' })
    const isDone = status === 200 && view.isSignedIn === false
    summary.signOuts[isDone ? 'acknowledged' : 'failed'] += 1
    if (isDone) browser.isOut = true
    return isDone
  }

  /** Signs a browser in and out at random moments, on any node. */
  async function live(round: number, browser: Browser) {
    let isIn = false
    for (let attempt = 0; attempt < signInAttempts[store] && !isIn; attempt += 1) {
      await pause()
      const answer = await post(browser, pick(), { type: 'token.received', token: browser.token })
      isIn = answer.status === 200 && answer.view.isSignedIn === true
      summary.signIns[isIn ? 'acknowledged' : 'failed'] += 1
      check(round, browser, answer.view, 'the sign-in')
    }
    if (!isIn) return
    await pause()
    await signOut(browser, pick())
  }

  async function killOne() {
    await pause()
    await pause()
    if (redis && random() < 0.3) {
      summary.kills.redis += 1
      note('kill redis')
      await redis.kill()
      await pause()
      await redis.restart()
      note('redis is back')
      return
    }
    summary.kills.node += 1
    const victim = pick()
    note(`kill ${nodes.indexOf(victim)}`)
    await victim.kill()
    await victim.start()
    note('node is back')
  }

  /**
   * Checks that a user whose sign-out was acknowledged is signed out everywhere, from the first answer of a node on.
   */
  async function inspect(round: number, browser: Browser) {
    for (const node of nodes) {
      const again: Browser = { ...browser, cookie: undefined }
      if (browser.isOut) {
        const replay = await post(again, node, { type: 'token.received', token: browser.token })
        check(round, browser, replay.view, `a replay on ${nodes.indexOf(node)}`)
      }
      const headers: Record<string, string> = browser.cookie ? { cookie: browser.cookie } : {}
      check(round, browser, (await send(node, '/auth/session', { headers })).view, `node ${nodes.indexOf(node)}`)
    }
  }

  async function forge(round: number) {
    const forger: Browser = { user: 'nobody', token: '', cookie: undefined, seq: 0, isOut: false }
    const token = stranger.mint({ iss: 'https://clerk.example.test', sub: 'user_forged', sid: 'sess_forged' })
    const { view } = await post(forger, pick(), { type: 'token.received', token })
    if (view.isSignedIn) fault('wrongSignIns', round, 'a forged token was accepted')
  }

  async function playRound(round: number) {
    const browsers = Array.from({ length: browsersPerRound }, (_, index): Browser => {
      const user = `user_${seed}_${round}_${index}`
      const token = signer.mint({ iss: 'https://clerk.example.test', sub: user, sid: `sess_${seed}_${round}_${index}` })
      return { user, token, cookie: undefined, seq: 0, isOut: false }
    })
    await Promise.all([...browsers.map((browser) => live(round, browser)), killOne(), forge(round)])
    // The browsers check at once, while nodes are still loading, and again afterwards.
    await Promise.all(browsers.map((browser) => inspect(round, browser)))
    await untilReady()
    for (const browser of browsers) {
      while (!browser.isOut && browser.cookie) if (!(await signOut(browser, pick()))) await pause()
    }
    await Promise.all(browsers.map((browser) => inspect(round, browser)))
    await watchLast(round, browsers[0]!)
  }

  /** Checks that a stream that is opened afterwards shows the same. */
  async function watchLast(round: number, browser: Browser) {
    const headers: Record<string, string> = browser.cookie ? { cookie: browser.cookie } : {}
    const stream = await openSse(`${pick().url}/auth/events?tab=tab`, headers)
    if (stream.status === 200) check(round, browser, await stream.view(), 'a stream')
    stream.close()
  }

  try {
    await untilReady()
    for (let round = 1; round <= rounds; round += 1) {
      if (signal?.aborted) break
      trace = []
      const { length } = summary.faults
      await playRound(round)
      summary.rounds = round
      if (summary.faults.length > length) log(trace.join('\n'))
      if (round % 50 === 0) log(`${round} rounds, ${summary.faults.length} faults`)
    }
  } finally {
    await Promise.all(nodes.map((node) => node.kill()))
    await redis?.stop()
    await rm(folder, { recursive: true, force: true })
    await builder.remove()
  }
  summary.seconds = Math.round((performance.now() - started) / 1_000)
  return summary
}
