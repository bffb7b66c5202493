import { install } from '@sinonjs/fake-timers'

/**
 * One process of the simulation, a tab or a node. Code that runs on its behalf can be suspended, and ends with it.
 */
export interface Party {
  readonly name: string
  isDead: boolean
  /** True while none of its code runs, as with a blocked loop or a suspended machine. */
  isHeld: boolean
  /** When it was last released, epoch ms. */
  releasedAt: number
  /** The callbacks that became due while it was held. */
  readonly due: (() => void)[]
}

/** A timer as Node's own `setTimeout` returns it. */
interface PartyTimer {
  id: unknown
  isCleared: boolean
  unref(): PartyTimer
  ref(): PartyTimer
}

/** The start of virtual time. It is a whole second, like the `iat` of a token. */
export const epoch = Date.UTC(2026, 0, 1)

const realSetImmediate = globalThis.setImmediate
/** Lets every promise and `nextTick` run, without any virtual time passing. */
export const drain = () => new Promise<void>((resolve) => void realSetImmediate(resolve))

export function createParty(name: string): Party {
  return { name, isDead: false, isHeld: false, releasedAt: 0, due: [] }
}

/** The clock of a process. Every timer belongs to the party whose code set it. */
export interface VirtualTime {
  /** Returns the true time in ms since the Unix epoch. The skew of each party is added to it. */
  now(): number
  /** Runs code as a party. Everything that the code starts belongs to the same party. */
  run<T>(party: Party, work: () => T): T
  /**
   * Runs code as a party after `delay` ms, like a message to it. The code runs later if the party is held, and never
   * if it is dead.
   */
  send(party: Party, delay: number, work: () => void): void
  /** Lets a held party go on. Due timers run before waiting messages, as in Node's event loop. */
  release(party: Party): void
  /** Fires timers one by one up to a moment. `afterEach` gets the party whose code has just run. */
  advanceTo(moment: number, afterEach: (party: Party | null) => Promise<void>): Promise<void>
  /** Removes every timer and returns to the epoch. */
  reset(): void
}

/** Takes over the timers and clocks of the process, permanently. */
export function takeOverTime(): VirtualTime {
  const fake = install({
    now: epoch,
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'Date',
      'performance',
    ],
  })
  const { setTimeout, clearTimeout } = globalThis
  let current: Party | null = null
  let fired: Party | null = null

  function run<T>(party: Party, work: () => T): T {
    current = party
    fired = party
    return work()
  }

  function fire(party: Party | null, timer: PartyTimer, work: () => void, isMessage: boolean) {
    if (timer.isCleared || party?.isDead) return
    if (!party) return work()
    if (!party.isHeld) return run(party, work)
    party.due.push(() => {
      timer.id = setTimeout(() => fire(party, timer, work, isMessage), isMessage ? 1 : 0)
    })
  }

  function start(party: Party | null, delay: number, work: () => void, isMessage = false): PartyTimer {
    const timer: PartyTimer = { id: null, isCleared: false, unref: () => timer, ref: () => timer }
    timer.id = setTimeout(() => fire(party, timer, work, isMessage), delay)
    return timer
  }

  function clear(timer: PartyTimer | null | undefined) {
    if (!timer || timer.isCleared) return
    timer.isCleared = true
    clearTimeout(timer.id as never)
  }

  /** Starts an interval. Like Node's, an interval that was held up fires once, and not once for each missed time. */
  function startInterval(work: () => void, delay: number): PartyTimer {
    const party = current
    const timer: PartyTimer = { id: null, isCleared: false, unref: () => timer, ref: () => timer }
    const again = () => {
      timer.id = setTimeout(
        () =>
          fire(
            party,
            timer,
            () => {
              again()
              work()
            },
            false,
          ),
        delay,
      )
    }
    again()
    return timer
  }

  Object.assign(globalThis, {
    setTimeout: (work: (...args: unknown[]) => void, delay = 0, ...args: unknown[]) =>
      start(current, delay, () => work(...args)),
    setInterval: (work: (...args: unknown[]) => void, delay = 0, ...args: unknown[]) =>
      startInterval(() => work(...args), delay),
    setImmediate: (work: (...args: unknown[]) => void, ...args: unknown[]) => start(current, 0, () => work(...args)),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  })

  return {
    now: () => fake.now,
    run,
    send: (party, delay, work) => void start(party, delay, work, true),
    release(party) {
      if (party.isHeld) party.releasedAt = fake.now
      party.isHeld = false
      for (const again of party.due.splice(0)) again()
    },
    async advanceTo(moment, afterEach) {
      const arrival = { isReached: false }
      setTimeout(() => (arrival.isReached = true), Math.max(0, moment - fake.now))
      while (!arrival.isReached) {
        current = null
        fired = null
        fake.next()
        await drain()
        const party = fired
        current = null
        await afterEach(party)
      }
    },
    reset() {
      current = null
      fake.reset()
    },
  }
}
