import {
  and,
  assign,
  emit,
  fromPromise,
  setup,
  type DoneActorEvent,
  type ErrorActorEvent,
  type SnapshotFrom,
} from 'xstate'
import { toBound, toDelay } from './backoff.ts'

/**
 * Times are in ms. The clock must be monotonic (`performance.now`), because a wall clock that is set back would keep a
 * key set for too long.
 */
export interface JwksInput {
  /** A clock that never goes back, ms. Pass the same clock that the timers use. */
  readonly now: () => number
  /** Returns a number in [0, 1) for jitter; default `Math.random`. */
  readonly random?: () => number
  /** Time from the start of one attempt to the earliest start of the next, ms; default 10 000. */
  readonly cooldown?: number
  /**
   * Age at which a key set is refreshed without a request for a key, ms; default 300 000. It is never below the cooldown.
   */
  readonly maxAge?: number
  /** Age up to which a key set is used while refreshing fails, ms; default 86 400 000. */
  readonly maxStale?: number
  /** Time that one attempt may take, including the body, ms; default 4000. */
  readonly timeout?: number
}

/** The context of {@link jwksMachine}. */
export interface JwksContext {
  /** The last validated key set, which the machine does not look into. Read it through {@link toUsableKeys}. */
  readonly keys: unknown
  /** Start of the attempt that brought `keys`, on the input's clock. */
  readonly fetchedAt: number
  /** Number of the attempt that brought `keys`, counted from 1; 0 before the first. */
  readonly fetchedBy: number
  /** Start of the last attempt. */
  readonly attemptedAt: number
  /** Number of attempts started so far. */
  readonly attempts: number
  /** Number of attempts in a row that failed. */
  readonly failures: number
  /** A caller needs newer keys than these. */
  readonly wanted: boolean
  /** Error of the last attempt; null after a success. */
  readonly error: unknown
  readonly settings: Required<JwksInput>
}

/** The events that {@link jwksMachine} takes. */
export type JwksEvent =
  /** A key is missing: fetch as soon as the cooldown allows. Any number of these events causes one attempt. */
  { type: 'keys.needed' }

/** The events that {@link jwksMachine} emits. */
export type JwksEmitted =
  /** A validated key set replaced the one before. */
  | { type: 'keys.refreshed' }
  /** An attempt failed. The keys known before are used up to `maxStale`. */
  | { type: 'keys.failed'; error: unknown }

/** Returns the milliseconds from now to a deadline, as a delay for a timer. */
const until = ({ settings }: JwksContext, deadline: number) => toDelay(deadline, settings.now())

/** Returns the moment when the next attempt may start. */
const cooledDownAt = ({ attemptedAt, settings }: JwksContext) => attemptedAt + settings.cooldown

/** Returns the key set, or null if there is none or it is too old to trust. */
export function toUsableKeys({ keys, fetchedAt, settings }: JwksContext): unknown {
  return settings.now() - fetchedAt < settings.maxStale ? keys : null
}

/** Returns the milliseconds until an attempt may start; 0 if it may start now. */
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
    /** Fetches and validates the key set. Its `signal` fires when the machine gives the attempt up. */
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
    /** No caller waits, so the delay is between one cooldown and a span that doubles up to `maxAge`, with jitter. */
    backoff: ({ context }) => {
      const { random, cooldown, maxAge } = context.settings
      const span = Math.max(toBound(context.failures, { first: cooldown, most: maxAge }) - cooldown, 0)
      return until(context, cooledDownAt(context) + random() * span)
    },
  },
})

/** One attempt, whether keys are known already or not. */
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
 * Decides when to fetch signing keys. There is one actor per key source. It limits attempts, not successes, to one per
 * cooldown and one at a time, so that tokens with invented key ids cannot make a server hammer its key endpoint. A good
 * set replaces the old one as a whole; while refreshing fails, the old one is used.
 *
 * `fetchKeys` defines what a key set is and must reject a bad one.
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
    fetching: { ...attempt, description: 'An attempt is running, and there are no usable keys.' },
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
          description: 'A key is missing, so one refresh starts at the end of the cooldown, for all callers.',
          always: { guard: 'isCooledDown', target: '#jwks.refreshing' },
          after: { cooldown: { target: 'due', reenter: true } },
        },
      },
    },
    refreshing: { ...attempt, description: 'An attempt is running, and the keys known so far are used.' },
    failed: {
      description: 'The last attempt failed. Keys known before, if any, are used up to maxStale.',
      initial: 'waiting',
      states: {
        waiting: {
          description: 'Nobody waits for the keys, so the next attempt backs off.',
          always: { guard: 'isWanted', target: 'due' },
          after: {
            backoff: [{ guard: 'hasUsableKeys', target: '#jwks.refreshing' }, { target: '#jwks.fetching' }],
          },
        },
        due: {
          description: 'Someone waits for the keys, so the next attempt starts when the cooldown ends.',
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

/** The type of {@link jwksMachine}. */
export type JwksMachine = typeof jwksMachine
/** A snapshot of {@link jwksMachine}. */
export type JwksSnapshot = SnapshotFrom<JwksMachine>
