const brand = Symbol.for('authchart.BearerToken')
const redacted = '[token]'

/**
 * A bearer token (RFC 6750) that does not leak by accident: as JSON, as a string and in `console.log` it reads
 * `[token]`, and a structured clone of it is empty. Only {@link BearerToken.reveal} returns the text, for the one place
 * that verifies it.
 *
 * @example actor.send({ type: 'token.received', token: new BearerToken(await clerk.session.getToken()) })
 */
export class BearerToken {
  readonly #text: string

  constructor(text: string) {
    if (typeof text !== 'string') throw new TypeError('BearerToken: a token must be a string')
    this.#text = text
    Object.freeze(this)
  }

  /** Returns the text. Pass it to a verifier and to nothing else. */
  reveal(): string {
    return this.#text
  }

  toJSON(): string {
    return redacted
  }

  toString(): string {
    return redacted
  }

  get [Symbol.toStringTag](): string {
    return 'BearerToken'
  }

  get [brand](): true {
    return true
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted
  }
}

/** True for a {@link BearerToken} of any copy of this package. */
export function isBearerToken(value: unknown): value is BearerToken {
  return typeof value === 'object' && value !== null && brand in value
}
