import { and, assign, emit, fromPromise, setup } from 'xstate'
import type { DoneActorEvent, ErrorActorEvent, SnapshotFrom } from 'xstate'
import { toDelay } from './backoff.ts'

/** Times in ms; the clock must be monotonic (`performance.now`), so that a corrected wall clock freezes no cache. */
export interface JwksInput {
  /** A clock that never goes back, ms. Give the one your timers follow. */
  readonly now: () => number
  /** A number in [0, 1) for jitter; default `Math.random`. */
  readonly random?: () => number
  /** From the start of one attempt to the earliest start of the next; default 10 000. */
  readonly cooldown?: number
  /** Age at which a key set is refreshed unasked; default 300 000. Never sooner than the cooldown. */
  readonly maxAge?: number
  /** Age up to which a key set serves while refreshing fails; default 86 400 000. */
  readonly maxStale?: number
  /** How long one attempt may take, the body included; default 4000. */
  readonly timeout?: number
}

export interface JwksContext {
  /** The last validated key set, opaque to the machine. Read it through {@link toUsableKeys}. */
  readonly keys: unknown
  /** When the attempt that brought `keys` started, on the input's clock. */
  readonly fetchedAt: number
  /** Which attempt brought `keys`, counted from 1; 0 where none did. */
  readonly fetchedBy: number
  /** When the last attempt started. */
  readonly attemptedAt: number
  /** Attempts started so far. */
  readonly attempts: number
  /** Attempts in a row that failed. */
  readonly failures: number
  /** Someone needs newer keys than those here. */
  readonly wanted: boolean
  /** Why the last attempt failed; null after a success. */
  readonly error: unknown
  readonly settings: Required<JwksInput>
}

export type JwksEvent =
  /** A key is missing: fetch as soon as the cooldown allows. Any number of these cause one attempt. */
  { type: 'keys.needed' }

export type JwksEmitted =
  /** A validated key set replaced the one before. */
  | { type: 'keys.refreshed' }
  /** An attempt failed; keys known before go on serving up to `maxStale`. */
  | { type: 'keys.failed'; error: unknown }

/** Milliseconds from now to a deadline, as a timer takes them. */
const until = ({ settings }: JwksContext, deadline: number) => toDelay(deadline, settings.now())

/** When the next attempt may start. */
const cooledDownAt = ({ attemptedAt, settings }: JwksContext) => attemptedAt + settings.cooldown

/** The key set, unless there is none or it is too old to trust. */
export function toUsableKeys({ keys, fetchedAt, settings }: JwksContext): unknown {
  return settings.now() - fetchedAt < settings.maxStale ? keys : null
}

/** Milliseconds until an attempt may start; 0 where it may now. */
export function toCooldownLeft(context: JwksContext): number {
  return until(context, cooledDownAt(context))
}

const jwksSetup = setup({
  types: {
    context: {} as JwksContext,
    input: {} as JwksInput,
    events: {} as JwksEvent,
    emitted: {} as JwksEmitted,
    tags: {} as 'inFlight',
  },
  actors: {
    /** Fetches and validates the key set. Its `signal` fires when the attempt is given up. */
    fetchKeys: fromPromise<unknown>(() =>
      Promise.reject(new Error('fetchKeys is not provided: jwksMachine.provide({ actors: { fetchKeys } })')),
    ),
  },
  guards: {
    isWanted: ({ context }) => context.wanted,
    isCooledDown: ({ context }) => toCooldownLeft(context) === 0,
    hasUsableKeys: ({ context }) => toUsableKeys(context) !== null,
  },
  actions: {
    markWanted: assign({ wanted: true }),
    noteAttempt: assign(({ context }) => ({
      attemptedAt: context.settings.now(),
      attempts: context.attempts + 1,
    })),
    adoptKeys: assign(({ context }, keys: unknown) => ({
      keys,
      fetchedAt: context.attemptedAt,
      fetchedBy: context.attempts,
      failures: 0,
      wanted: false,
      error: null,
    })),
    noteFailure: assign(({ context }, error: unknown) => ({ error, failures: context.failures + 1 })),
    reportRefreshed: emit({ type: 'keys.refreshed' }),
    reportFailed: emit(({ context }) => ({ type: 'keys.failed', error: context.error })),
  },
  delays: {
    timeout: ({ context }) => context.settings.timeout,
    cooldown: ({ context }) => toCooldownLeft(context),
    maxAge: ({ context }) => {
      const { cooldown, maxAge } = context.settings
      return until(context, context.fetchedAt + Math.max(maxAge, cooldown))
    },
    /** Nobody waits: between one cooldown and a span that doubles, up to `maxAge`, with jitter. */
    backoff: ({ context }) => {
      const { random, cooldown, maxAge } = context.settings
      const span = Math.max(Math.min(cooldown * 2 ** context.failures, maxAge) - cooldown, 0)
      return until(context, cooledDownAt(context) + random() * span)
    },
  },
})

/** One attempt, with or without keys in hand. */
const attempt = jwksSetup.createStateConfig({
  tags: 'inFlight',
  entry: 'noteAttempt',
  invoke: {
    src: 'fetchKeys',
    onDone: {
      target: 'fresh',
      actions: [
        { type: 'adoptKeys', params: ({ event }: { event: DoneActorEvent }) => event.output },
        'reportRefreshed',
      ],
    },
    onError: {
      target: 'failed',
      actions: [
        { type: 'noteFailure', params: ({ event }: { event: ErrorActorEvent }) => event.error },
        'reportFailed',
      ],
    },
  },
  after: {
    timeout: {
      target: 'failed',
      actions: [
        { type: 'noteFailure', params: new Error('The key endpoint gave no complete answer in time') },
        'reportFailed',
      ],
    },
  },
})

/**
 * When to fetch signing keys. One actor per key source: attempts, not successes, are limited to one per cooldown, one
 * at a time, so tokens with invented key ids cannot make a server hammer its key endpoint. A good set is swapped in
 * whole; while refreshing fails, the old one serves.
 *
 * What a key set is and whether it is good is up to `fetchKeys`, which must reject for a bad one.
 *
 * @example
 * const machine = jwksMachine.provide({ actors: { fetchKeys: fromPromise(({ signal }) => fetchAndCheck(signal)) } })
 * const actor = createActor(machine, { input: { now: () => performance.now() } }).start()
 */
export const jwksMachine = jwksSetup.createMachine({
  id: 'jwks',
  context: ({ input }) => ({
    keys: null,
    fetchedAt: -Infinity,
    fetchedBy: 0,
    attemptedAt: -Infinity,
    attempts: 0,
    failures: 0,
    wanted: false,
    error: null,
    settings: {
      now: input.now,
      random: input.random ?? Math.random,
      cooldown: input.cooldown ?? 10_000,
      maxAge: input.maxAge ?? 300_000,
      maxStale: input.maxStale ?? 86_400_000,
      timeout: input.timeout ?? 4_000,
    },
  }),
  initial: 'empty',
  on: { 'keys.needed': { actions: 'markWanted' } },
  states: {
    empty: {
      description: 'Nobody has asked for a key yet.',
      always: { guard: 'isWanted', target: 'fetching' },
    },
    fetching: { ...attempt, description: 'An attempt is in the air; no usable keys are here.' },
    fresh: {
      description: 'The last attempt succeeded.',
      initial: 'current',
      after: { maxAge: 'refreshing' },
      states: {
        current: {
          description: 'Nobody needs newer keys.',
          always: { guard: 'isWanted', target: 'due' },
        },
        due: {
          description: 'A key is missing: one refresh at the end of the cooldown, whoever asked.',
          always: { guard: 'isCooledDown', target: '#jwks.refreshing' },
          after: { cooldown: { target: 'due', reenter: true } },
        },
      },
    },
    refreshing: { ...attempt, description: 'An attempt is in the air; the keys known so far serve.' },
    failed: {
      description: 'The last attempt failed. Keys known before, if any, serve up to maxStale.',
      initial: 'waiting',
      states: {
        waiting: {
          description: 'Nobody waits for the keys: the next attempt backs off.',
          always: { guard: 'isWanted', target: 'due' },
          after: {
            backoff: [{ guard: 'hasUsableKeys', target: '#jwks.refreshing' }, { target: '#jwks.fetching' }],
          },
        },
        due: {
          description: 'Someone waits for the keys: the next attempt starts as the cooldown ends.',
          always: [
            { guard: and(['isCooledDown', 'hasUsableKeys']), target: '#jwks.refreshing' },
            { guard: 'isCooledDown', target: '#jwks.fetching' },
          ],
          after: { cooldown: { target: 'due', reenter: true } },
        },
      },
    },
  },
})

export type JwksMachine = typeof jwksMachine
export type JwksSnapshot = SnapshotFrom<JwksMachine>
