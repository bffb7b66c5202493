/** A bug that the harness plants: one line of the sources, and its replacement. */
export interface Plant {
  readonly name: string
  /** The effect of the bug. */
  readonly what: string
  readonly file: string
  /** The whole line, without its indentation. */
  readonly line: string
  readonly instead: string
  /**
   * The seed of the case that showed the bug in the last search. It is tried first. If it no longer shows the bug,
   * the search starts over.
   */
  readonly shownBy?: number
}

/** The bugs that must be caught. A simulation that misses one of them proves nothing about the rest. */
export const plants: readonly Plant[] = [
  {
    name: 'late-expiry',
    what: 'a view says signed in until its timer has fired, however late',
    file: 'machines/auth-view.ts',
    line: 'if (now < proofDeadline(context)) return null',
    instead: '  return null',
    shownBy: 4_020_211_991,
  },
  {
    name: 'generous-tolerance',
    what: 'a token counts for twice the clock tolerance',
    file: 'machines/auth-context.ts',
    line: 'return expiresAt + clockTolerance * 1_000',
    instead: '  return expiresAt + clockTolerance * 2_000',
    shownBy: 3_634_363_401,
  },
  {
    name: 'organization-kept',
    what: 'a new proof keeps the organization of the one before',
    file: 'machines/auth-context.ts',
    line: 'const { claims, userId, sessionId, orgId, issuedAt, expiresAt } = session',
    instead:
      '  const { claims, userId, sessionId, issuedAt, expiresAt } = session, { orgId } = context.userId ? context : session',
    shownBy: 4_020_211_991,
  },
  {
    name: 'tombstones-forgotten',
    what: 'a look-up among the tombstones finds no sign-out',
    file: 'adapters/hub/store/tombstones.ts',
    line: "return session?.clearedAt !== undefined && isNotAfter(issuedAt, session.clearedAt) ? 'token-superseded' : null",
    instead: '      return null',
    shownBy: 122_600_131,
  },
  {
    name: 'revocation-unheard',
    what: 'a node does nothing about an end that another one tells of',
    file: 'adapters/hub/node/store-follower.ts',
    line: "else if (change.type === 'tombstone') followTombstone(change.tombstone)",
    instead: "      else if (change.type === 'tombstone') return",
    shownBy: 4_198_178_728,
  },
  {
    name: 'early-acknowledgement',
    what: 'a sign-out is acknowledged before it is stored',
    file: 'adapters/hub/requests/clear-session.ts',
    line: 'return ended ?? learnt',
    instead: '    return learnt',
    shownBy: 4_233_464_600,
  },
  {
    name: 'sign-out-without-tombstone',
    what: 'a sign-out leaves no tombstone',
    file: 'adapters/hub/requests/clear-session.ts',
    line: 'tombstone ? endProof(session, tombstone) : endStored(alias, named),',
    instead: '      null,',
    shownBy: 122_600_131,
  },
  {
    name: 'rev-stands-still',
    what: 'a view changes without a new rev',
    file: 'adapters/hub/session/live-session.ts',
    line: 'this.#last = { ...next, rev: (this.#rev += 1) }',
    instead: '    this.#last = next',
    shownBy: 3_821_534_273,
  },
  {
    name: 'overtaken-post',
    what: 'a post that a newer one of its tab has overtaken still counts',
    file: 'adapters/hub/session/tab-seqs.ts',
    line: 'if (seq < known) return false',
    instead: '',
    shownBy: 198_542_631,
  },
  {
    name: 'overtaken-elsewhere',
    what: 'a post that changes nothing is unknown to the other nodes, so one that it has overtaken still counts there',
    file: 'adapters/hub/node/kept-record.ts',
    line: 'return isNew && !session.isChecking && this.#isKept(session, view, lifetimes)',
    instead: '    return false',
    shownBy: 3_978_264_262,
  },
  {
    name: 'record-not-followed',
    what: 'a node does not take over what another one has decided',
    file: 'adapters/hub/node/store-follower.ts',
    line: "if (change.type === 'record') records.follow(change.record)",
    instead: "      if (change.type === 'record') return",
    shownBy: 3_424_178_837,
  },
  {
    name: 'key-never-sought',
    what: 'an unknown key id never has the keys fetched anew',
    file: 'machines/jwks.machine.ts',
    line: 'isWanted: ({ context }) => context.wanted,',
    instead: '    isWanted: ({ context }) => context.wanted && context.attempts === 0,',
    shownBy: 1_986_642_093,
  },
  {
    name: 'retry-forgotten',
    what: 'a client that failed does not try again',
    file: 'machines/sync/sync.machine.ts',
    line: "after: { retryDelay: 'waitingForClerk' },",
    instead: '',
    shownBy: 2_369_422_638,
  },
  {
    name: 'old-cookie-lives',
    what: 'a cookie that was rotated is never retired',
    file: 'adapters/hub/cookies/cookie-index.ts',
    line: 'if (!session || found.get(alias)?.retired) return',
    instead: '    return',
    shownBy: 1_676_736_003,
  },
  {
    name: 'cookie-for-anyone',
    what: 'a cookie leads on to whoever signs in after the user that it was given out for',
    file: 'adapters/hub/cookies/cookie-index.ts',
    line: 'return userId === null || owner === undefined || owner === userId',
    instead: '  return true',
    shownBy: 2_109_377_311,
  },
  {
    name: 'owner-unstored',
    what: 'the store does not know whom a cookie was given out for',
    file: 'adapters/hub/store/memory-session-store.ts',
    line: 'aliases.set(to, { id, until: Infinity, userId, seal })',
    instead: '      aliases.set(to, { id, until: Infinity, seal })',
    shownBy: 1_115_988_721,
  },
  {
    name: 'seal-unchecked',
    what: 'a record counts whoever has written it',
    file: 'adapters/hub/store/sealed-records.ts',
    line: "if (seals && !seals.verify('record', record, seal)) return ignore('seal')",
    instead: '',
    shownBy: 75_807_413,
  },
  {
    name: 'instance-unchecked',
    what: 'a record of servers with other rules counts',
    file: 'adapters/hub/store/sealed-records.ts',
    line: "if (writer !== instance) return ignore(writer === undefined && seals ? 'seal' : 'instance')",
    instead: '',
    shownBy: 3_102_765_901,
  },
  {
    name: 'stream-outlives-user',
    what: 'a stream goes on where another node has signed in somebody else',
    file: 'adapters/hub/node/change-effects.ts',
    line: "if (reason !== 'token') return session.streams.end('rotated')",
    instead: "    if (reason !== 'token') return",
    shownBy: 274_485_131,
  },
  {
    name: 'answered-to-anyone',
    what: 'a post is answered with whoever signed in while it was decided on',
    file: 'adapters/hub/requests/receive-token.ts',
    line: 'const isOthers = (alias: string, { view }: HubAnswer) => view.userId !== null && rotation.isOutdated(alias)',
    instead: '  const isOthers = (_alias: string, _answer: HubAnswer) => false',
    shownBy: 3_038_330_247,
  },
  {
    name: 'grace-without-end',
    what: 'a request that waited with a cookie for nobody is let in without an end',
    file: 'adapters/hub/requests/admit-request.ts',
    line: '? { view, session, endsAt: known.due ?? performance.now() + retireFor }',
    instead: '        ? { view, session }',
    shownBy: 3_958_844_382,
  },
  {
    name: 'clerk-session-unbounded',
    what: 'one Clerk session has any number of server sessions',
    file: 'adapters/hub/node/session-bounds.ts',
    line: "makeRoomFor(session, 'session', identity.sessionId, sessionsPerClerkSession, 'The Clerk session')",
    instead: '',
    shownBy: 2_170_744_920,
  },
  {
    name: 'user-unbounded',
    what: 'one user has any number of server sessions',
    file: 'adapters/hub/node/session-bounds.ts',
    line: "makeRoomFor(session, 'user', identity.userId, sessionsPerUser, 'The user')",
    instead: '',
    shownBy: 1_177_356_330,
  },
  {
    name: 'address-unbounded',
    what: 'one address has any number of server sessions',
    file: 'adapters/hub/node/session-bounds.ts',
    line: "makeRoom(others, sessionsPerAddress, () => toReplaceable(session, address), 'The address', find)",
    instead: '',
    shownBy: 3_225_501_119,
  },
  {
    name: 'session-let-go-early',
    what: 'a node stops listening for the changes of a session that it still holds',
    file: 'adapters/redis/followed-channels.ts',
    line: 'else if (!entry.joining && !isHeld(entry)) left.push(channel)',
    instead: '      else if (!entry.joining) left.push(channel)',
    shownBy: 1_559_762_231,
  },
  {
    name: 'lifetime-without-idle',
    what: 'a Clerk session goes on however long no request uses it',
    file: 'adapters/hub/node/session-lifetimes.ts',
    line: 'const toEnd = ({ at, usedAt }: SignIn) => Math.min(at + absolute, usedAt + idle)',
    instead: '  const toEnd = ({ at }: SignIn) => at + absolute',
    shownBy: 1_808_480_011,
  },
]
