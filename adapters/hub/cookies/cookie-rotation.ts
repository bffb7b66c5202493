import { AuthError } from '../../../machines/auth-error.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { Logger } from '../../logger.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionStore } from '../store/session-store.ts'
import { retireFor, type CookieIndex, type FoundSession } from './cookie-index.ts'

export interface CookieRotationOptions {
  readonly cookies: CookieIndex
  readonly store: SessionStore
  /** Stores the record of a session; resolves once the store has it, or the failure is logged. */
  readonly keepRecord: (session: LiveSession) => Promise<void>
  /** @returns the Clerk session that a token was verified to be of, or null */
  readonly sessionOf: (token: BearerToken) => string | null
  readonly logger: Logger
}

/** Gives sessions new cookies, so that no request or stream from before a sign-in shows who has signed in. */
export type CookieRotation = ReturnType<typeof createCookieRotation>

const none: readonly string[] = []
/** How many tokens of one tab may wait for keys. */
const maxHeld = 4

/** @returns the error for a browser whose next cookie is on its way to it */
export const toRotated = (): AuthError => new AuthError('session-rotated', undefined, { retryAfter: 1_000 })

export function createCookieRotation(options: CookieRotationOptions) {
  const { cookies, store, keepRecord, sessionOf, logger } = options

  /** Gives a session a new cookie on this node alone. The next rotation has the store retire the old one. */
  function reissue(session: LiveSession) {
    const { from } = cookies.issue(session)
    if (from !== null) session.state.unretired = session.state.unretired.concat(from)
  }

  /** Ends every stream except those of the tab. A stream without a tab is ended too, because it may be anybody's. */
  function endOtherStreams(session: LiveSession, tab: string | undefined) {
    session.streams.end('rotated', (stream) => tab === undefined || stream.tab !== tab)
  }

  function rotate(session: LiveSession, tab: string | undefined) {
    const { state } = session
    reissue(session)
    state.isRotationDue = false
    state.holder = null
    endOtherStreams(session, tab)
    state.isCookieOwed = true
    state.rotating = storeRotation(session)
  }

  /**
   * Stores the cookie and the record of a sign-in. The cookie is sent before the record, so that a node that reads the
   * record finds the old cookie retired.
   */
  async function storeRotation(session: LiveSession) {
    const alias = cookies.current(session)?.alias
    try {
      await storeCookie(session, () => keepRecord(session))
    } catch (error) {
      logger.error('store.failed', { method: 'rotate', error })
    } finally {
      if (cookies.current(session)?.alias === alias) session.state.rotating = null
    }
  }

  /**
   * Has the store take the current cookie, and retire those before it.
   *
   * @param alsoStore Begins to store what must be stored too before the cookie counts as stored.
   * @throws the error of the store
   */
  async function storeCookie(session: LiveSession, alsoStore?: () => Promise<void>) {
    const current = cookies.current(session)
    if (!current) return
    const { state } = session
    const { alias: to, userId } = current
    const froms: readonly (string | null)[] = state.unretired.length > 0 ? state.unretired : [null]
    const sent = froms.map((from) => store.rotate(session.id, { from, to, userId, retireFor }))
    await Promise.all([...sent, alsoStore?.()])
    const left = state.unretired.filter((alias) => !froms.includes(alias))
    // Most sessions have none, and one list serves them all.
    state.unretired = left.length > 0 ? left : none
    if (cookies.current(session)?.alias === to) state.isCookieOwed = false
  }

  /** Has the store retire a cookie that was given up. If this fails, the next rotation tries again. */
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
     * Gives a session a new cookie. From now on nothing is read through the old one, and every stream is ended except
     * those of the `tab` that signed in.
     */
    rotate,

    /** Rotates the cookie of a session that signed in while no request was there to take a new one. */
    rotateIfDue(session: LiveSession, tab: string | undefined) {
      if (session.state.isRotationDue) rotate(session, tab)
    },

    /**
     * Notes a sign-in whose token had to wait for keys, so that no request is there to take a new cookie. The tab that
     * posted the token was given a new cookie then, and that one counts. A stranger may know any other cookie, so it
     * shows no user until the next post has brought a new one.
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
     * Gives a new cookie to the tab whose token has to wait for keys, because the token may sign in when no request is
     * there, and a stranger may know the cookie that came with it. A tab that asks again keeps its cookie. A cookie
     * that was given out for a user is in the store and would be good for that user on other nodes, so the store
     * retires it at once.
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

    /** @returns true if the current cookie was given out for a token that waits for keys */
    isHeldFor: ({ state }: LiveSession, token: BearerToken): boolean => state.holder?.tokens.includes(token) ?? false,

    /** Gives a browser its own cookie if another node rotated the cookie, because only that node knows the value. */
    async adoptBrowser(session: LiveSession) {
      if (cookies.current(session)?.cookieId) return
      const { to, userId } = cookies.issue(session)
      try {
        await store.rotate(session.id, { from: null, to, userId, retireFor })
      } catch (error) {
        // The token was accepted all the same, and on this node the cookie is good.
        logger.error('store.failed', { method: 'rotate', error })
      }
    },

    /** Stores the current cookie, which the store has lost. @throws the error of the store */
    storeCookie: (session: LiveSession) => storeCookie(session),

    /** Tells the other nodes that the current cookie replaces cookies which this node does not know. */
    replaceUnknown: (session: LiveSession, unknown: readonly string[]) => replaceUnknown(options, session, unknown),

    /** Resolves once the store has the current cookie, which it may lack. @throws the error of the store */
    async settle(session: LiveSession) {
      if (session.state.rotating) await session.state.rotating
      if (session.state.isCookieOwed) await storeCookie(session)
    },

    /** @returns true if the store may lack the current cookie */
    isOwed: ({ state }: LiveSession): boolean => state.isCookieOwed,

    /** @returns a promise that resolves when the current rotation has ended, or null if there is none */
    underWay: ({ state }: LiveSession): Promise<void> | null => state.rotating,

    /** @returns true if a cookie that was good when its request came is no longer good */
    isOutdated,

    /** @returns the cookie to set for a browser that came with another one or with none */
    toNewCookie(session: LiveSession, alias: string | undefined): string | undefined {
      const current = cookies.current(session)
      return current?.alias === alias ? undefined : (current?.cookieId ?? undefined)
    },
  }
}

/**
 * Requests may wait on other nodes with cookies that this node does not know. This comes after the record is stored, so
 * that those nodes find the session.
 */
async function replaceUnknown(options: CookieRotationOptions, session: LiveSession, unknown: readonly string[]) {
  const { cookies, store, logger } = options
  const current = cookies.current(session)
  if (!current) return
  const { alias: to, userId } = current
  try {
    await Promise.all(unknown.map((from) => store.rotate(session.id, { from, to, userId, retireFor })))
  } catch (error) {
    logger.error('store.failed', { method: 'rotate', error })
  }
}
