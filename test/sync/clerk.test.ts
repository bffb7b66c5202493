import { describe, expect, it } from 'vitest'
import { toAuthFailure } from '../../machines/sync/auth-status.ts'
import { ada, createWorld, settle, statusOf } from './world.ts'

const second = 1_000

describe('Clerk that never loads', () => {
  it('is a failure after 10 s, until it loads', async () => {
    const { openTab, pass } = createWorld()
    const tab = await openTab().start(undefined)
    await pass(9_900)
    expect(statusOf(tab)).toBe('loading')
    await pass(200)
    expect(statusOf(tab)).toBe('failed')
    expect(toAuthFailure(tab.context)).toMatchObject({ code: 'clerk-unavailable', retryable: true })
    tab.clerkSays(ada)
    await settle()
    expect(statusOf(tab)).toBe('authenticated')
    expect(toAuthFailure(tab.context)).toBeNull()
  })

  it('hides no view that the server has proven, as long as the view is valid', async () => {
    const { openTab, pass } = createWorld()
    await openTab('a').start(ada)
    const other = await openTab('b').start(undefined)
    await pass(20 * second)
    expect(statusOf(other)).toBe('authenticated')
  })

  it('is waited for from the start, and again if it is loaded again', async () => {
    const { openTab, pass, clock } = createWorld()
    const tab = openTab('tab', { clerkTimeout: 2_000 })
    clock.increment(20 * second)
    await tab.start(undefined)
    await pass(1_900)
    expect(statusOf(tab)).toBe('loading')
    tab.clerkSays(null)
    tab.clerkSays(undefined)
    await pass(1_900)
    expect(statusOf(tab)).toBe('loading')
    await pass(200)
    expect(statusOf(tab)).toBe('failed')
    tab.send({ type: 'client.stopped' })
    await tab.start(undefined)
    expect(statusOf(tab)).toBe('loading')
  })
})
