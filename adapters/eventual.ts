/** A value that is there, or a promise of one that has to be waited for. */
export type Eventual<T> = T | Promise<T>

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Goes on with a value, at once if it is there: a promise would cost more than most steps of a request. */
export function andThen<T, U>(value: Eventual<T>, proceed: (value: T) => Promise<U>): Promise<U>
export function andThen<T, U>(value: Eventual<T>, proceed: (value: T) => Eventual<U>): Eventual<U>
export function andThen<T, U>(value: Eventual<T>, proceed: (value: T) => Eventual<U>): Eventual<U> {
  return isPromise(value) ? Promise.resolve(value).then(proceed) : proceed(value)
}

/** Runs work, and goes on with its error or its rejection. */
export function orElse<T, U>(work: () => Eventual<T>, recover: (error: unknown) => Eventual<U>): Eventual<T | U> {
  try {
    const value = work()
    return isPromise(value) ? Promise.resolve(value).catch(recover) : value
  } catch (error) {
    return recover(error)
  }
}
