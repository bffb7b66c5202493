/** Ids of records by their user. Most users have one record, which is then held without a set. */
export class IdsByUser {
  readonly #found = new Map<string, string | Set<string>>()

  add(userId: string | null, id: string) {
    if (userId === null) return
    const known = this.#found.get(userId)
    if (known instanceof Set) known.add(id)
    else if (known !== id) this.#found.set(userId, known === undefined ? id : new Set([known, id]))
  }

  delete(userId: string | null, id: string) {
    if (userId === null) return
    const known = this.#found.get(userId)
    if (known === id) this.#found.delete(userId)
    if (known instanceof Set && known.delete(id) && known.size === 0) this.#found.delete(userId)
  }

  find(userId: string): readonly string[] {
    const known = this.#found.get(userId)
    return known instanceof Set ? [...known] : known === undefined ? [] : [known]
  }
}
