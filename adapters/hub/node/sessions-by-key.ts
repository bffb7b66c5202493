import type { LiveSession } from '../session/live-session.ts'

/** Sessions by a key that several of them may have. Most keys have one session, which is then held without a set. */
export class SessionsByKey {
  readonly #found = new Map<string, LiveSession | Set<LiveSession>>()

  add(key: string, session: LiveSession) {
    const known = this.#found.get(key)
    if (known instanceof Set) known.add(session)
    else if (known !== session) this.#found.set(key, known ? new Set([known, session]) : session)
  }

  delete(key: string, session: LiveSession) {
    const known = this.#found.get(key)
    if (known === session) this.#found.delete(key)
    if (!(known instanceof Set)) return
    known.delete(session)
    if (known.size === 0) this.#found.delete(key)
  }

  /** @returns how many sessions have the key, not counting `session` itself */
  countOthers(key: string, session: LiveSession): number {
    const known = this.#found.get(key)
    if (known instanceof Set) return known.size - (known.has(session) ? 1 : 0)
    return known && known !== session ? 1 : 0
  }

  /** @returns a copy, since sessions that end leave the original */
  find(key: string): LiveSession[] {
    const known = this.#found.get(key)
    return known instanceof Set ? [...known] : known ? [known] : []
  }
}
