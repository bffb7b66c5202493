/** Checks the options of one function. Every problem is a `TypeError` that names the function and the option. */
export interface OptionCheck {
  fail(name: string, problem: string): never
  require(name: string, isUsable: boolean, problem: string): void
  /** Refuses an option that is not known, because it may be a misspelt one. */
  requireKnown(options: object, names: readonly string[]): void
  /** @param name Default `clock`. */
  requireClock(clock: unknown, name?: string): void
}

/** @param subject The beginning of every message, such as `createAuthServer: ` or `createAuthServer: cookie.` */
export function createOptionCheck(subject: string): OptionCheck {
  function fail(name: string, problem: string): never {
    throw new TypeError(`${subject}${name} ${problem}`)
  }

  function require(name: string, isUsable: boolean, problem: string) {
    if (!isUsable) fail(name, problem)
  }

  return {
    fail,
    require,
    requireKnown(options, names) {
      const unknown = Object.keys(options).find((name) => !names.includes(name))
      if (unknown !== undefined) fail(unknown, `is not an option; there are ${names.join(', ')}`)
    },
    requireClock: (clock, name = 'clock') =>
      require(name, typeof clock === 'function', 'must be a function that returns epoch ms'),
  }
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
