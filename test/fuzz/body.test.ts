import { deepEqual, equal } from 'node:assert/strict'
import * as fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { fuzz } from './fuzz-run.ts'
import { createFuzzedServer, type FuzzedServer } from './fuzzed-server.ts'
import { hostileJson, hostileText, hostileToken, signedToken, toHeaderValue } from './hostile-text.ts'

const quoted = (text: fc.Arbitrary<string>) => text.map((value) => JSON.stringify(value))
const mostly = (usual: fc.Arbitrary<string>) =>
  fc.oneof({ arbitrary: usual, weight: 6 }, { arbitrary: hostileJson, weight: 1 })

/** A body close to a valid one: the right fields, mostly of the right type, some of them twice, some unknown. */
const envelope = fc
  .record(
    {
      type: mostly(fc.constantFrom('"token.received"', '"token.received"', '"session.cleared"', '"session.adopted"')),
      token: mostly(quoted(hostileToken)),
      tab: mostly(quoted(fc.constantFrom('tab1', 'tab-2', '', 'a b', '__proto__'))),
      seq: mostly(fc.oneof(fc.integer().map(String), fc.double().map(String))),
      sessionId: mostly(quoted(fc.constantFrom('sess_1', 'sess_none', '', 'x'.repeat(129)))),
      ['__proto__']: hostileJson,
      record: hostileJson,
      output: hostileJson,
    },
    { requiredKeys: ['type'] },
  )
  .map((members) => Object.entries(members).map(([name, json]) => `${JSON.stringify(name)}:${json}`))

/** The fields of a valid request of its type, so that many requests pass the parser and reach the machine. */
const wellFormed = fc.oneof(
  fc
    .oneof({ arbitrary: hostileToken, weight: 20 }, { arbitrary: signedToken, weight: 1 })
    .map((token) => ({ type: 'token.received', token })),
  fc.record({ type: fc.constant('session.cleared'), sessionId: fc.constantFrom('sess_none', 'x') }),
  fc.record({ type: fc.constant('session.cleared'), tab: fc.constantFrom('a', 'b'), seq: fc.nat(9) }),
)

const body = fc.oneof(
  { arbitrary: envelope.map((members) => `{${members.join(',')}}`), weight: 6 },
  { arbitrary: wellFormed.map((value) => JSON.stringify(value)), weight: 4 },
  {
    arbitrary: fc.tuple(envelope, fc.nat(400)).map(([members, end]) => `{${members.join(',')}}`.slice(0, end)),
    weight: 1,
  },
  { arbitrary: hostileJson, weight: 2 },
  { arbitrary: hostileText, weight: 1 },
  { arbitrary: fc.uint8Array({ maxLength: 60 }), weight: 1 },
  { arbitrary: fc.integer({ min: 10, max: 9_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)), weight: 1 },
)

const mediaType = fc.oneof(
  { arbitrary: fc.constantFrom('application/json', 'application/json;charset=utf-8', 'Application/JSON'), weight: 12 },
  { arbitrary: hostileText.map(toHeaderValue), weight: 1 },
)

interface Posted {
  readonly body: string | Uint8Array
  readonly mediaType: string
  readonly sender: 'nobody' | 'somebody' | 'signed in'
}

const posted: fc.Arbitrary<Posted> = fc.record({
  body,
  mediaType,
  sender: fc.constantFrom('nobody', 'somebody', 'signed in'),
})

/** Checks that a body without a valid token made no session. */
function requireUntouched(outcome: string, after: unknown, before: unknown) {
  if (outcome !== '200 signedIn') deepEqual(after, before)
}

/** Checks that only a clear ended a session. */
function requireClear(body: string | Uint8Array) {
  equal((JSON.parse(String(body)) as { type: unknown }).type, 'session.cleared')
}

/** Signs in again after the ended session has been removed. */
async function signInAnew(server: FuzzedServer): Promise<string> {
  await vi.advanceTimersByTimeAsync(5_001)
  return server.signIn(1e7)
}

async function createBodyCase(server: FuzzedServer) {
  let own = await server.signIn(1e7)

  async function tryCase({ body, mediaType, sender }: Posted): Promise<string> {
    const before = server.auth.stats()
    const cookie = { nobody: null, somebody: `authchart=${'A'.repeat(43)}`, 'signed in': own }[sender]
    const headers = { 'content-type': mediaType, ...(cookie !== null && { cookie }) }
    const response = await server.post(body as BodyInit, headers)
    const outcome = await server.outcomeOf(response)
    const setCookie = response.headers.get('set-cookie')
    const after = server.auth.stats()
    const isSignedOut = after.signedIn < before.signedIn
    if (sender !== 'signed in') requireUntouched(outcome, [after, setCookie], [before, null])
    else if (isSignedOut) requireClear(body)
    if (isSignedOut) own = await signInAnew(server)
    else if (sender === 'signed in') own = setCookie?.split(';')[0] ?? own
    return `${outcome} (${sender})`
  }

  const clear = '{"type":"session.cleared"}'
  return { tryCase, signOut: () => server.post(clear, { 'content-type': 'application/json', cookie: own }) }
}

it('the body parser answers any body with a view or a known problem, and leaves no session behind', async () => {
  const server = createFuzzedServer()
  const { tryCase, signOut } = await createBodyCase(server)
  const outcomes = await fuzz('POST body', 0.13, posted, tryCase)
  // A token of the cases may be valid: it signs in, and the made-up cookie that came with it counts as replaced then.
  const isExpected = (outcome: string) => outcome === '503 session-rotated (somebody)'
  const refusals = [...outcomes.keys()].filter((outcome) => /^(5|429)/.test(outcome))
  expect(refusals.filter((outcome) => !isExpected(outcome))).toEqual([])
  expect([...outcomes.keys()]).toEqual(
    expect.arrayContaining([
      '200 signedOut (signed in)',
      '400 request-malformed (nobody)',
      '400 token-malformed (nobody)',
      '415 media-type (nobody)',
    ]),
  )
  await signOut()
  await server.requireNothingLeft()
}, 120_000)
