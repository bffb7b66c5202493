import { deepEqual, equal } from 'node:assert/strict'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createTokenVerifier } from '../../adapters/jose/index.ts'
import { isAuthError } from '../../machines/index.ts'
import { issuer, jwks, nowMs, party } from '../jose/token-factory.ts'
import { fuzz } from './fuzz-run.ts'
import { hostileToken, signedToken } from './hostile-text.ts'

const verify = createTokenVerifier({
  keys: { jwks },
  claims: { issuer, authorizedParties: [party], requiredClaims: ['v'] },
  clock: () => nowMs,
  logger: {},
})

const sessionFields = ['claims', 'expiresAt', 'issuedAt', 'orgId', 'sessionId', 'status', 'userId']

/**
 * Verifies a token.
 *
 * @returns the error code, or `accepted`
 * @throws any other error
 */
async function outcomeOf(token: unknown): Promise<string> {
  try {
    const session = await verify(token)
    deepEqual(Object.keys(session).toSorted(), sessionFields)
    deepEqual([typeof session.userId, typeof session.sessionId], ['string', 'string'])
    equal(Object.getPrototypeOf(session.claims), Object.prototype)
    return 'accepted'
  } catch (error) {
    if (!isAuthError(error) || error.code === 'internal') throw error
    return error.code
  }
}

it('the token parser refuses junk with a known code and accepts none of it', async () => {
  const junk = fc.oneof({ arbitrary: hostileToken, weight: 12 }, { arbitrary: fc.anything(), weight: 1 })
  const outcomes = await fuzz('token parser, unsigned', 0.66, junk, outcomeOf)
  expect(outcomes.get('accepted')).toBeUndefined()
  expect([...outcomes.keys()]).toEqual(
    expect.arrayContaining(['token-malformed', 'token-algorithm', 'token-too-large']),
  )
}, 120_000)

it('any claims of a really signed token get a known code', async () => {
  const outcomes = await fuzz('token parser, signed', 0.03, signedToken, outcomeOf)
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['accepted', 'token-claims', 'token-malformed']))
}, 120_000)
