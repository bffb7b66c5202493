import { describe, expect, expectTypeOf, it } from 'vitest'
import { createActor, type SnapshotFrom } from 'xstate'
import {
  authMachine,
  BearerToken,
  type AuthErrorView,
  type AuthEvent,
  type TokenOutcome,
} from '../../machines/index.ts'

/*
 * What an editor infers from `authMachine`. `npm run check:types` compiles these tests, so that a type which gets wider
 * or is lost fails there: a line under `@ts-expect-error` must not compile.
 */

const start = () => createActor(authMachine).start()

describe('the types of the auth machine', () => {
  it('know the states of matches', () => {
    const state = start().getSnapshot()
    type State = Parameters<typeof state.matches>[0]
    expectTypeOf<'unchecked' | 'verifying' | 'signedIn' | 'signedOut' | 'error'>().toExtend<State>()
    expectTypeOf<{ signedIn: 'current' | 'renewing' | 'stale' }>().toExtend<State>()
    expectTypeOf<{ unchecked: 'waiting' | 'timedOut' }>().toExtend<State>()
    expectTypeOf<string>().not.toExtend<State>()
    expect(state.matches({ unchecked: 'waiting' })).toBe(true)
    // @ts-expect-error -- there is no such state
    expect(state.matches('signedin')).toBe(false)
    // @ts-expect-error -- `renewing` is a state of `signedIn`
    expect(state.matches({ signedOut: 'renewing' })).toBe(false)
  })

  it('know the tags', () => {
    const state = start().getSnapshot()
    expectTypeOf(state.hasTag).parameter(0).toEqualTypeOf<'pending' | 'checked' | 'signedIn'>()
    expect(state.hasTag('pending')).toBe(true)
  })

  it('know the events of can and send, with their fields', () => {
    const actor = start()
    const state = actor.getSnapshot()
    type Event = Parameters<typeof state.can>[0]
    expectTypeOf<Event>().toEqualTypeOf<AuthEvent | { type: 'session.expired' }>()
    expectTypeOf<Parameters<typeof actor.send>[0]>().toEqualTypeOf<Event>()
    expectTypeOf<Extract<Event, { type: 'token.received' }>['token']>().toEqualTypeOf<BearerToken>()
    expect(state.can({ type: 'token.received', token: new BearerToken('a.b.c') })).toBe(true)
    // @ts-expect-error -- there is no such event
    expect(state.can({ type: 'token.recieved' })).toBe(false)
    // @ts-expect-error -- a token is a BearerToken, and not a text
    const wrong: Event = { type: 'token.received', token: 'a.b.c' }
    expect(wrong.type).toBe('token.received')
  })

  it('know the emitted events', () => {
    const actor = start()
    actor.on('token.settled', (emitted) => {
      expectTypeOf(emitted.id).toEqualTypeOf<string | undefined>()
      expectTypeOf(emitted.outcome).toEqualTypeOf<TokenOutcome>()
      expectTypeOf(emitted.error).toEqualTypeOf<AuthErrorView | null>()
    })
    actor.on('token.discarded', (emitted) => {
      expectTypeOf(emitted.token).toEqualTypeOf<BearerToken>()
      // @ts-expect-error -- only a settled token has an outcome
      expectTypeOf(emitted.outcome).toBeUndefined()
    })
    // @ts-expect-error -- there is no such emitted event
    const { unsubscribe } = actor.on('token.lost', () => {})
    expect(unsubscribe).toBeTypeOf('function')
  })

  it('know the value of a state', () => {
    const { value } = start().getSnapshot()
    expectTypeOf(value).toEqualTypeOf<
      | 'verifying'
      | 'signedOut'
      | 'error'
      | { unchecked: 'waiting' | 'timedOut' }
      | { signedIn: 'current' | 'renewing' | 'stale' }
    >()
    expectTypeOf<SnapshotFrom<typeof authMachine>['value']>().toEqualTypeOf<typeof value>()
    expect(value).toEqual({ unchecked: 'waiting' })
  })
})
