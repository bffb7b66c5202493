import { describe, expect, it } from 'vitest'
import { createRememberedProofs, type RememberedProof } from '../../adapters/jose/remembered-proofs.ts'

const toProof = (expiresAt: number) => ({ kid: 'kid', key: {}, proof: { session: { expiresAt } } }) as RememberedProof

/** Creates a memory. It remembers a token when the token is shown a second time. */
function createShown(size: number) {
  const proofs = createRememberedProofs({ size, tolerance: 10 })
  return {
    show(token: string, expiresAt = 1_000, now = 0) {
      for (let twice = 0; twice < 2; twice += 1) proofs.remember(token, toProof(expiresAt), now)
    },
    knows: (...tokens: string[]) => tokens.filter((token) => proofs.find(token) !== undefined),
  }
}

describe('the memory of verified tokens', () => {
  it('drops the entries beyond its size in the order in which they came', () => {
    const { show, knows } = createShown(2)
    for (const token of ['token-one', 'token-two', 'token-three']) show(token)
    expect(knows('token-one', 'token-two', 'token-three')).toEqual(['token-two', 'token-three'])
  })

  it('gives an entry one more turn if it was used since', () => {
    const { show, knows } = createShown(2)
    show('token-one')
    show('token-two')
    expect(knows('token-one')).toEqual(['token-one'])
    show('token-three')
    expect(knows('token-two')).toEqual([])
    show('token-four')
    expect(knows('token-one', 'token-three', 'token-four')).toEqual(['token-three', 'token-four'])
  })

  it('makes room even if every entry was used', () => {
    const { show, knows } = createShown(3)
    const tokens = ['token-one', 'token-two', 'token-three']
    for (const token of tokens) show(token)
    expect(knows(...tokens)).toEqual(tokens)
    show('token-four')
    expect(knows(...tokens, 'token-four')).toEqual(['token-two', 'token-three', 'token-four'])
  })

  it('drops an entry when its token expires, used or not', () => {
    const { show, knows } = createShown(3)
    show('token-one', 100)
    expect(knows('token-one')).toEqual(['token-one'])
    show('token-two', 1_000, 110)
    expect(knows('token-one', 'token-two')).toEqual(['token-two'])
  })
})
