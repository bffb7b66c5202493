import { expect, it } from 'vitest'
import { createShortCache } from '../../adapters/clerk/short-cache.ts'

function open(most = 2) {
  const asked: string[] = []
  const time = { now: 1_000_000 }
  const outage = { is: false }
  const ask = createShortCache({
    load: async (key) => {
      asked.push(key)
      if (outage.is) throw new Error('down')
      return `${key}${asked.length}`
    },
    keepFor: 10_000,
    most,
    clock: () => time.now,
  })
  return { ask, asked, time, outage }
}

it('answers all calls at once, and for a while after, with one look-up', async () => {
  const { ask, asked, time } = open()
  expect(await Promise.all([ask('a'), ask('a'), ask('a')])).toEqual(['a1', 'a1', 'a1'])
  time.now += 9_999
  expect(await ask('a')).toBe('a1')
  time.now += 1
  expect(await ask('a')).toBe('a2')
  expect(asked).toEqual(['a', 'a'])
})

it('keeps no failure', async () => {
  const { ask, outage } = open()
  outage.is = true
  const answers = await Promise.allSettled([ask('a'), ask('a')])
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  outage.is = false
  expect(await ask('a')).toBe('a2')
})

it('keeps a limited number, and drops the oldest', async () => {
  const { ask } = open(2)
  await Promise.all(['a', 'b', 'c'].map(ask))
  expect([await ask('b'), await ask('c'), await ask('a')]).toEqual(['b2', 'c3', 'a4'])
})

it('keeps expiring entries if the wall clock jumps back', async () => {
  const { ask, time } = open()
  await ask('a')
  time.now -= 3_600_000
  expect(await ask('a')).toBe('a2')
})
