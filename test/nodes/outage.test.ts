import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAuthServer } from '../../adapters/h3/index.ts'
import type { AuthView } from '../../machines/index.ts'
import { eventually, signer } from '../h3/harness.ts'
import { durable, findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createDeployment, createPatientClient, createRoamer, untilLost, untilReady, type Node } from './nodes.ts'

/** The longest wait of a request for Redis, ms. These tests wait as long as that, several times. */
const timeout = 1_500

const isSignedIn = ({ isSignedIn }: AuthView) => isSignedIn
const isSignedOut = ({ state }: AuthView) => state === 'signedOut'

it('checks the value of the option storeDown', () => {
  const create = () => createAuthServer({ keys: { jwks: signer.jwks }, storeDown: 'ignore' as never })
  expect(create).toThrow(new TypeError("createAuthServer: storeDown must be 'allow' or 'refuse'"))
})

describe.runIf(findRedis())('while Redis is out of reach', () => {
  let redis: RedisServer
  beforeEach(async () => {
    redis = await startRedis(...durable)
  })
  afterEach(() => redis.stop())

  const seconds = (offset = 0) => Math.floor(Date.now() / 1_000) + offset

  async function signIn(node: Node, claims: object = {}) {
    const browser = createRoamer()
    const token = node.mint({ iat: seconds(-5), exp: seconds(55), ...claims })
    await browser.token(node, token)
    const stream = await browser.open(node)
    const view = await stream.viewWhere(isSignedIn)
    return { browser, token, stream, view }
  }

  it('the node goes on to verify and to stream, and stores who is signed in when Redis is back', async () => {
    const deployment = createDeployment(redis, { timeout })
    const [a, b] = [await deployment.add(), await deployment.add()]
    const { browser, stream, view } = await signIn(a)
    const other = await signIn(a, { sub: 'user_o', sid: 'sess_o' })
    await redis.kill()
    await untilLost(a.store)

    const renewed = await browser.token(a, a.mint({ iat: seconds(), exp: seconds(60) }))
    expect(renewed).toMatchObject({ status: 200, body: { isSignedIn: true } })
    expect((await stream.viewWhere(({ rev }) => rev > view.rev)).expiresAt).toBe(renewed.body.expiresAt)
    // A new user is signed in here at once, and hears of it once the other nodes can know.
    const newcomer = createRoamer()
    const unstored = await newcomer.token(a, a.mint({ sub: 'user_n', sid: 'sess_n' }))
    expect(unstored).toMatchObject({ status: 503, body: { code: 'store-unavailable', view: { isSignedIn: true } } })
    expect((await newcomer.session(a)).body).toMatchObject({ isSignedIn: true, userId: 'user_n' })
    // A user who comes back with another Clerk session on the same cookie is signed in too.
    const returned = await other.browser.token(a, a.mint({ sub: 'user_o', sid: 'sess_o2' }))
    expect(returned).toMatchObject({ status: 503, body: { view: { sessionId: 'sess_o2' } } })
    // Another node cannot know of the user. It says so, and does not say that nobody is signed in.
    expect(await newcomer.session(b)).toMatchObject({ status: 503, body: { code: 'store-unavailable' } })

    await redis.restart()
    await Promise.all([untilReady(a.store), untilReady(b.store)])
    for (const each of [browser, newcomer]) {
      await eventually(async () => (await each.session(b)).body.isSignedIn, 'the session on the other node')
    }
    // It was signed in there before, so the renewal has to reach it.
    const isRenewed = async () => (await browser.session(b)).body.expiresAt === renewed.body.expiresAt
    await eventually(isRenewed, 'the renewal on the other node')
    expect((await newcomer.token(a, a.mint({ sub: 'user_n', sid: 'sess_n' }))).status).toBe(200)
  })

  it('a sign-out counts at once where it is made, gets a 503, and reaches the others when Redis is back', async () => {
    const deployment = createDeployment(redis, { timeout })
    const [a, b] = [await deployment.add(), await deployment.add()]
    const { browser, token, stream } = await signIn(a)
    const elsewhere = await browser.open(b)
    await elsewhere.viewWhere(isSignedIn)
    await redis.kill()
    await Promise.all([untilLost(a.store), untilLost(b.store)])

    const first = await browser.clear(a)
    expect(first).toMatchObject({ status: 503, body: { code: 'store-unavailable', retryable: true } })
    expect(first.headers.get('retry-after')).toBe('1')
    expect(first.body.view?.state).toBe('signedOut')
    await stream.viewWhere(isSignedOut)
    expect((await browser.token(a, token)).body.code).toBe('token-superseded')
    expect((await browser.clear(a)).status).toBe(503)

    await redis.restart()
    await elsewhere.viewWhere(isSignedOut)
    await eventually(async () => (await createRoamer().token(b, token)).body.code === 'token-superseded', 'the end')
    await untilReady(a.store)
    await eventually(async () => (await browser.clear(a)).status === 200, 'the acknowledgement')
  })

  it('no node reports a browser as signed out that another node signed in meanwhile', async () => {
    const deployment = createDeployment(redis, { timeout })
    const [a, b] = [await deployment.add(), await deployment.add()]
    await redis.kill()
    await Promise.all([untilLost(a.store), untilLost(b.store)])
    const browser = createRoamer()
    const token = a.mint()
    expect((await browser.token(a, token)).body.view?.isSignedIn).toBe(true)
    await redis.restart()
    await untilReady(b.store)
    // From the first moment the node answers 200 only if that is true.
    await eventually(async () => (await browser.clear(b)).status === 200, 'the sign-out')
    expect((await createRoamer().token(b, token)).body.code).toBe('token-superseded')
    expect((await browser.session(a)).body.isSignedIn).toBe(false)
    // A browser with an old cookie may have to ask twice. A browser without a cookie never has to.
    expect((await createRoamer().clear(b)).status).toBe(200)
    const stale = await b.post({ type: 'session.cleared' }, { cookie: `authchart=${'x'.repeat(43)}` })
    expect(stale).toMatchObject({ status: 503, body: { code: 'store-unavailable' } })
  })

  it('with storeDown refuse nobody is signed in or told who is, while open streams and sign-outs go on', async () => {
    const deployment = createDeployment(redis, { timeout, storeDown: 'refuse' })
    const a = await deployment.add()
    const { browser, stream } = await signIn(a)
    await redis.kill()
    await untilLost(a.store)
    const unavailable = { status: 503, body: { code: 'store-unavailable' } }
    expect(await browser.token(a, a.mint())).toMatchObject(unavailable)
    expect(await browser.session(a)).toMatchObject(unavailable)
    expect((await browser.open(a)).status).toBe(503)
    expect((await browser.clear(a)).body.view?.state).toBe('signedOut')
    await stream.viewWhere(isSignedOut)
    await redis.restart()
    await untilReady(a.store)
    expect((await browser.session(a)).status).toBe(200)
  })

  it('a node that starts then refuses, because it knows no tombstones, and serves as soon as it has them', async () => {
    const deployment = createDeployment(redis, { timeout })
    const a = await deployment.add()
    const { browser, token } = await signIn(a)
    await browser.clear(a)
    await redis.kill()
    const late = await deployment.add({ isReady: false, timeout: 50 })
    const refused = { status: 503, body: { code: 'store-unavailable' } }
    expect(await createRoamer().token(late, token)).toMatchObject(refused)
    expect((await createRoamer().open(late)).status).toBe(503)
    expect((await createRoamer().session(late)).status).toBe(503)
    await redis.restart()
    await untilReady(late.store)
    expect((await createRoamer().token(late, token)).body.code).toBe('token-superseded')
  })

  it('keeps what it acknowledged when it is killed, so a sign-out counts for a node that starts afterwards', async () => {
    const deployment = createDeployment(redis, { timeout })
    const a = await deployment.add()
    const { browser, token } = await signIn(a)
    expect((await browser.clear(a)).status).toBe(200)
    await a.store.close()
    await redis.kill()
    await redis.restart()
    const late = await deployment.add()
    expect((await createRoamer().token(late, token)).body.code).toBe('token-superseded')
  })

  it('gets the sessions and sign-outs that it lost back from the nodes', async () => {
    const forgetful = await startRedis()
    try {
      const deployment = createDeployment(forgetful, { timeout })
      const a = await deployment.add()
      const { browser } = await signIn(a)
      const gone = await signIn(a, { sub: 'user_g', sid: 'sess_g' })
      expect((await gone.browser.clear(a)).status).toBe(200)
      await forgetful.kill()
      await untilLost(a.store)
      await forgetful.restart()
      await untilReady(a.store)
      const b = await deployment.add()
      expect((await createRoamer().token(b, gone.token)).body.code).toBe('token-superseded')
      await eventually(async () => (await browser.session(b)).body.isSignedIn, 'the session')
    } finally {
      await forgetful.stop()
    }
  })

  it('has a node that hears nothing, but can ask, ask for the tombstones before it decides', async () => {
    const deployment = createDeployment(redis, { timeout })
    const [a, b] = [await deployment.add(), await deployment.addDeafable()]
    const { browser, token } = await signIn(a)
    const there = await browser.open(b)
    await there.viewWhere(isSignedIn)
    b.deafen()
    expect((await browser.clear(a)).status).toBe(200)
    expect((await createRoamer().token(b, token)).body.code).toBe('token-superseded')
    expect((await browser.session(b)).body.isSignedIn).toBe(false)
    await there.viewWhere(isSignedOut)
    await expect(b.store.ready('current')).rejects.toThrow('out of reach')
  })

  it('delays only one request while it is frozen, and not beyond the timeout', async () => {
    const deployment = createDeployment(redis)
    // Real time, and so long that a busy machine answers in a small part of it.
    const longTimeout = 3_000
    const addNode = async () => deployment.add({ timeout: longTimeout, client: await createPatientClient(redis) })
    const [a, b] = [await addNode(), await addNode()]
    const { browser, token } = await signIn(a)
    /** @returns the time until the answer, in ms */
    const toTime = async (ask: () => Promise<unknown>) => {
      const start = performance.now()
      await ask()
      return performance.now() - start
    }
    const ask = async () => {
      expect((await browser.session(b)).status).toBe(503)
    }
    redis.freeze()
    try {
      expect(await toTime(ask)).toBeLessThan(2 * longTimeout)
      // One answer is overdue, so no other request waits for one.
      expect(await toTime(() => Promise.all(Array.from({ length: 20 }, ask)))).toBeLessThan(longTimeout)
      const clear = async () => {
        expect((await browser.clear(a)).status).toBe(503)
      }
      expect(await toTime(clear)).toBeLessThan(2 * longTimeout)
      // This node has stopped waiting too, and signs in and out on its own.
      const isRefused = async () => (await createRoamer().token(a, token)).body.code === 'token-superseded'
      await eventually(isRefused, 'the refusal of the node itself')
      const newcomer = { sub: 'user_n', sid: 'sess_n' }
      const isIn = async () => (await createRoamer().token(a, a.mint(newcomer))).body.view?.isSignedIn === true
      await eventually(isIn, 'the sign-in at the node itself')
    } finally {
      redis.thaw()
    }
    // The nodes try again from time to time.
    const isOver = async () => (await createRoamer().token(b, token)).body.code === 'token-superseded'
    await eventually(isOver, 'the end')
  })

  it('is waited for while it is slow but in time', async () => {
    const deployment = createDeployment(redis)
    const [a, b] = [await deployment.add(), await deployment.add()]
    const { browser } = await signIn(a)
    await redis.cli('CLIENT', 'PAUSE', '400', 'ALL')
    expect((await browser.session(b)).body.isSignedIn).toBe(true)
    await redis.cli('CLIENT', 'PAUSE', '400', 'WRITE')
    expect((await browser.clear(b)).status).toBe(200)
  })
})
