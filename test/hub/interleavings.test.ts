import { expect, it, vi } from 'vitest'
import { isAuthError, type BearerToken } from '../../machines/index.ts'
import { createProof, virtualEpoch } from '../kit/auth-fixtures.ts'
import { createRandom } from '../seeded-random.ts'
import { startHub, toToken, turn } from './hub-harness.ts'

const runs = 1_000
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
console.info(`interleavings: SEED=${seed}`)

const createPick = (from: number) => {
  const random = createRandom(from)
  return (below: number) => Math.floor(random() * below)
}

const toSecond = (ms: number) => Math.floor(ms / 1_000)

interface Post {
  readonly token: BearerToken
  readonly sid: string
  readonly iat: number
  readonly step: number
  isInTheAir: boolean
}

type Hub = ReturnType<typeof startHub>

/** Creates two browsers that post tokens of two Clerk sessions and sign out, in an order that `random` decides. */
async function createRun(name: string, { checks, open }: Hub, random: (below: number) => number) {
  const log: string[] = []
  const failures: string[] = []
  const answers: Promise<void>[] = []
  /** A map from each Clerk session to the last sign-out that has certainly ended it. */
  const endedAt = new Map<string, number>()
  /** The same for a session that may have ended. The server may still know which user a browser showed last. */
  const maybeEndedAt = new Map<string, number>()
  const browsers = await Promise.all(
    ['one', 'two'].map(async (tab) => ({ tab, ...(await open(tab)), clearedAt: -1, posts: [] as Post[] })),
  )
  const counts = { accepted: 0, refused: 0 }
  type Browser = (typeof browsers)[number]

  const end = (sid: string, at: number, ends = endedAt) => ends.set(sid, Math.max(at, ends.get(sid) ?? 0))
  const isEnded = (sid: string, iat: number, ends = endedAt) => toSecond(iat) <= toSecond(ends.get(sid) ?? -Infinity)
  const fail = (what: string) => void failures.push(`${what}; ${name}: ${log.join(' · ')}`)

  async function post(browser: Browser, step: number) {
    const sid = `sess_${name}_${random(2)}`
    const iat = toSecond(Date.now() - random(3) * 1_000) * 1_000
    const token = toToken(createProof({ userId: `user_${random(2)}`, sessionId: sid, issuedAt: iat }))
    const sent: Post = { token, sid, iat, step, isInTheAir: true }
    browser.posts.push(sent)
    log.push(`${step} ${browser.tab} posts ${sid}@${iat - virtualEpoch}`)
    try {
      const { error } = await browser.token(token)
      counts[error ? 'refused' : 'accepted'] += 1
    } catch (error) {
      counts.refused += 1
      // After a rotation of the cookie a refusal carries no view.
      if (!isAuthError(error, 'session-rotated') && !isAuthError(error, 'token-superseded')) {
        fail(`a post is answered with ${String(error)}`)
      }
    }
    sent.isInTheAir = false
  }

  async function clear(browser: Browser, step: number, proven: string | null) {
    const now = Date.now()
    const inTheAir = browser.posts.filter((sent) => sent.isInTheAir).map(({ sid }) => sid)
    log.push(`${step} ${browser.tab} clears ${proven}, in the air ${inTheAir.join()}`)
    browser.clearedAt = step
    if (proven) end(proven, now)
    else for (const { sid } of browser.posts) end(sid, now, maybeEndedAt)
    const { error } = await browser.clear()
    if (error) fail(`a sign-out is answered with ${error.code}`)
    // By now the server knows the owner of every token that was being checked.
    for (const sid of inTheAir) end(sid, now)
  }

  function settle(step: number) {
    const [held] = checks.splice(random(checks.length), 1)
    if (!held) return
    log.push(`${step} ${held.proof?.sessionId} is verified`)
    held.settle()
    // The verdict has arrived, even if the answer has not. A sign-out that comes now does not end the check.
    for (const sent of browsers.flatMap(({ posts }) => posts)) if (sent.token === held.token) sent.isInTheAir = false
  }

  async function check(step: number) {
    for (const browser of browsers) {
      const view = (await browser.session())?.view()
      if (!view?.isSignedIn || view.sessionId === null) continue
      const iat = (view.claims as { iat: number }).iat * 1_000
      const isNewer = browser.posts.some(
        (sent) => sent.sid === view.sessionId && sent.iat === iat && sent.step > browser.clearedAt,
      )
      if (!isNewer) fail(`at ${step} ${browser.tab} is signed in by a token from before its sign-out`)
      if (isEnded(view.sessionId, iat)) fail(`at ${step} ${browser.tab} is signed in by a token that was signed out`)
    }
  }

  async function play() {
    const steps = 6 + random(10)
    for (let step = 0; step < steps; step += 1) {
      const browser = browsers[random(2)]!
      const choice = random(10)
      const session = choice >= 4 && choice < 6 ? await browser.session() : null
      if (choice < 4) answers.push(post(browser, step))
      else if (session) answers.push(clear(browser, step, session.view().sessionId))
      else if (choice < 9) settle(step)
      else await vi.advanceTimersByTimeAsync(random(300))
      await turn(1)
      await check(step)
    }
    const over = { is: false }
    void Promise.all(answers).finally(() => (over.is = true))
    for (let round = 0; round < 200 && !over.is; round += 1) {
      for (const held of checks.splice(0)) held.settle()
      await turn(1)
      await check(steps)
    }
    if (!over.is) fail('a request is not answered')
  }

  /** Tries one of the tokens as a thief. */
  async function replay({ hub }: Hub) {
    for (const { token, sid, iat } of browsers.flatMap(({ posts }) => posts)) {
      const tried = hub.receive({ cookieIds: [], token })
      for (let round = 0; round < 5; round += 1) {
        for (const held of checks.splice(0)) held.settle()
        await turn(1)
      }
      const { error } = await tried
      const expected = isEnded(sid, iat) ? 'token-superseded' : undefined
      if (error?.code === 'token-superseded' && isEnded(sid, iat, maybeEndedAt)) continue
      if (error?.code !== expected) fail(`${sid}@${iat - virtualEpoch} tried again: ${error?.code}, not ${expected}`)
    }
  }

  function leave() {
    for (const { tab, views, detach } of browsers) {
      const revs = views.map(({ rev }) => rev)
      if (revs.some((rev, index) => index > 0 && rev <= revs[index - 1]!)) fail(`${tab} saw revs ${revs.join()}`)
      detach()
    }
  }

  return { play, replay, leave, failures, counts }
}

it(`${runs} random interleavings of tokens and sign-outs keep the rules`, async () => {
  const harness = startHub({ held: true })
  const counts = { accepted: 0, refused: 0 }
  for (let index = 0; index < runs; index += 1) {
    const run = await createRun(`SEED=${seed} run ${index}`, harness, createPick(Math.imul(seed, 0x9e3779b1) + index))
    await run.play()
    await run.replay(harness)
    run.leave()
    expect(run.failures).toEqual([])
    counts.accepted += run.counts.accepted
    counts.refused += run.counts.refused
    await vi.advanceTimersByTimeAsync(180_000)
  }
  console.info(`interleavings: ${counts.accepted} tokens accepted, ${counts.refused} refused`)
  expect(Math.min(counts.accepted, counts.refused)).toBeGreaterThan(runs / 4)
  expect(harness.hub.stats()).toMatchObject({ sessions: 0, streams: 0 })
}, 120_000)
