import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { BearerToken, isBearerToken } from '../../machines/index.ts'

describe('BearerToken', () => {
  const token = new BearerToken('top.secret.text')

  it('gives its text only to the verifier', () => {
    expect(token.reveal()).toBe('top.secret.text')
    const shown = [
      JSON.stringify({ token }),
      `${token}`,
      inspect({ token }, { showHidden: true, depth: 9 }),
      JSON.stringify(structuredClone({ token })),
      JSON.stringify(Object.entries(token)),
      JSON.stringify(Object.getOwnPropertyDescriptors(token)),
    ]
    expect(shown.join()).not.toContain('secret')
    expect(shown.slice(0, 2)).toEqual(['{"token":"[token]"}', '[token]'])
  })

  it('cannot be changed, and is made only from a string', () => {
    expect(Object.isFrozen(token)).toBe(true)
    expect(() => new BearerToken(undefined as never)).toThrow(TypeError)
  })

  it('is distinguished from similar objects', () => {
    expect(isBearerToken(token)).toBe(true)
    for (const other of [null, 'a.b.c', {}, { reveal: () => 'x' }, 7]) expect(isBearerToken(other)).toBe(false)
  })
})
