import { AuthError } from '../../../machines/auth-error.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { Logger } from '../../logger.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionStore } from '../store/session-store.ts'
import { retireFor } from './cookie-index.ts'
import type { CookieIndex, FoundSession, Rotation } from './cookie-index.ts'

export interface CookieRotationOptions {
  readonly cookies: CookieIndex
  readonly store: SessionStore
  /** Stores the record of a session; resolves once the store has it, or the failure is logged. */
  readonly keepRecord: (session: LiveSession) => Promise<void>
  /** @returns the Clerk session that a token was verified to be of, or null */
  readonly sessionOf: (token: BearerToken) => string | null
  readonly logger: Logger
}

/** Gives sessions new cookies, so that nothing that was opened before a sign-in shows who has signed in. */
export type CookieRotation = ReturnType<typeof createCookieRotation>

/** So many tokens of one tab may wait for keys. */
const maxHeld = 4

/** For a browser whose next cookie is on its way to it. */
export const toRotated = (): AuthError => new AuthError('session-rotated', undefined, { retryAfter: 1_000 })

export function createCookieRotation({ cookies, store, keepRecord, sessionOf, logger }: CookieRotationOptions) {
  /** Gives a session a new cookie on this node alone. The next rotation has the store retire the old one. */
  function reissue(session: LiveSession): Rotation {
    const { state } = session
    const rotation = cookies.issue(session)
    if (rotation.from !== null) state.unretired = state.unretired.concat(rotation.from)
    return rotation
  }

  /** A stream without a tab may be anybody's. */
  function endOtherStreams(session: LiveSession, tab: string | undefined) {
    session.streams.end('rotated', (stream) => tab === undefined || stream.tab !== tab)
  }

  function rotate(session: LiveSession, tab: string | undefined) {
    const { state } = session
    const { to, userId } = reissue(session)
    state.isRotationDue = false
    state.holder = null
    endOtherStreams(session, tab)
    state.isCookieOwed = true
    const retiring = state.unretired
    const froms = retiring.length > 0 ? retiring : [null]
    // The rotation is sent before the record, so that a node that reads the record finds the old cookie retired.
    const sent = Promise.all(froms.map((from) => store.rotate(session.id, { from, to, userId, retireFor })))
    state.rotating = noteRotated(session, to, retiring, sent)
  }

  async function noteRotated(
    session: LiveSession,
    alias: string,
    retired: readonly string[],
    rotated: Promise<unknown>,
  ) {
    const isCurrent = () => cookies.current(session)?.alias === alias
    try {
      await Promise.all([rotated, keepRecord(session)])
      for (const each of retired) noteRetired(session, each)
      if (isCurrent()) session.state.isCookieOwed = false
    } catch (error) {
      logger.error('store.failed', { method: 'rotate', error })
    } finally {
      if (isCurrent()) session.state.rotating = null
    }
  }

  function noteRetired({ state }: LiveSession, alias: string | null) {
    state.unretired = state.unretired.filter((other) => other !== alias)
  }

  async function storeCookie(session: LiveSession) {
    const current = cookies.current(session)
    if (!current) return
    const { alias: to, userId } = current
    const { unretired } = session.state
    for (const from of unretired.length > 0 ? unretired : [null]) {
      await store.rotate(session.id, { from, to, userId, retireFor })
      noteRetired(session, from)
    }
    if (cookies.current(session)?.alias === to) session.state.isCookieOwed = false
  }

  /** Has the store retire a cookie that was given up. The next rotation tries again where this fails. */
  async function retireGivenUp(session: LiveSession) {
    try {
      await storeCookie(session)
    } catch (error) {
      logger.error('store.failed', { method: 'rotate', error })
    }
  }

  const isOutdated = (alias: string): boolean => cookies.find(alias)?.retired !== false

  return {
    /**
     * Gives a session a new cookie. From now on nothing is read through the old one, nor by a stream that came with it,
     * other than the one of the `tab` that signed in.
     */
    rotate,

    /** Rotates the cookie of a session that signed in while no request was there to take a new one. */
    rotateIfDue(session: LiveSession, tab: string | undefined) {
      if (session.state.isRotationDue) rotate(session, tab)
    },

    /**
     * Notes a sign-in whose token had to wait for keys, and which no request is there to take a new cookie of. The tab that
     * posted the token was given one then, which counts. A stranger may know any other one: it shows nobody until the next
     * post has brought another.
     */
    noteLateSignIn(session: LiveSession) {
      const { state, identity } = session
      const { holder } = state
      state.isRotationDue = true
      state.holder = null
      const isHeld = holder !== null && holder.tokens.some((token) => sessionOf(token) === identity.sessionId)
      endOtherStreams(session, isHeld && cookies.claim(session) ? holder.tab : undefined)
    },

    /**
     * Gives a new cookie to the tab whose token has to wait for keys, and which it may sign in when no request is there. A
     * stranger may know the one that the token came with. A tab that asks again keeps its own. A cookie that was given out for
     * a user is in the store, and would be good on other nodes for the same user, so the store retires it at once.
     */
    holdFor({ session, alias }: FoundSession, token: BearerToken, tab: string | undefined) {
      const { state } = session
      if (session.view().userId !== null || isOutdated(alias)) return
      const isHolder = state.holder !== null && tab !== undefined && state.holder.tab === tab
      const tokensBefore = isHolder ? state.holder!.tokens : []
      if (!isHolder) {
        const owner = cookies.current(session)?.userId
        reissue(session)
        if (owner !== null) void retireGivenUp(session)
      }
      state.holder = { tab, tokens: [...tokensBefore, token].slice(-maxHeld) }
    },

    /** @returns true where the current cookie was given out for a token that waits for keys */
    isHeldFor: ({ state }: LiveSession, token: BearerToken): boolean => state.holder?.tokens.includes(token) ?? false,

    /** Gives a browser a cookie of its own, where another node rotated the cookie and is alone in knowing its value. */
    async adoptBrowser(session: LiveSession) {
      if (cookies.current(session)?.cookieId) return
      const { to, userId } = cookies.issue(session)
      try {
        await store.rotate(session.id, { from: null, to, userId, retireFor })
      } catch (error) {
        // The token was accepted all the same; on this node the cookie holds.
        logger.error('store.failed', { method: 'rotate', error })
      }
    },

    /** Gives the store the current cookie, where it may lack it. */
    storeCookie,

    /** Resolves once the store has the current cookie. @throws what the store has rejected with */
    async settle(session: LiveSession) {
      if (session.state.rotating) await session.state.rotating
      if (session.state.isCookieOwed) await storeCookie(session)
    },

    /** @returns true where the store may lack the current cookie */
    isOwed: ({ state }: LiveSession): boolean => state.isCookieOwed,

    /** @returns a promise that resolves when the rotation under way is over, or null where there is none */
    underWay: ({ state }: LiveSession): Promise<void> | null => state.rotating,

    /** @returns true where a cookie that was good when its request came is good no longer */
    isOutdated,

    /** @returns the cookie to set for a browser that came with another one, or with none */
    toNewCookie(session: LiveSession, alias: string | undefined): string | undefined {
      const current = cookies.current(session)
      return current?.alias === alias ? undefined : (current?.cookieId ?? undefined)
    },
  }
}
