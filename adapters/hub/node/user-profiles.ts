import type { AuthUser } from '../../../machines/verified-session.ts'
import type { Logger } from '../../logger.ts'
import { withDeadline } from '../../timing/with-deadline.ts'
import type { SessionChange } from '../session/auth-changes.ts'
import type { LiveSession } from '../session/live-session.ts'

/** Loads the profile of a user. */
export type LoadUser = (userId: string) => Promise<AuthUser>

export interface ProfilesOptions {
  readonly load: LoadUser
  readonly logger: Logger
}

/** The time that loading a profile may take, ms. */
const loadTimeout = 5_000

/**
 * @returns a function that loads the profile of a newly signed-in user into the session, once for each token that
 * proves it, until there is one. For a sign-in that another node decided, that node loads the profile, and the record
 * brings it.
 */
export function createProfiles({
  load,
  logger,
}: ProfilesOptions): (session: LiveSession, change: SessionChange | null) => void {
  const tried = new WeakMap<LiveSession, unknown>()

  async function fill(session: LiveSession, userId: string) {
    try {
      session.setUser(userId, toShown(await withDeadline(loadTimeout, () => load(userId)), userId))
      logger.debug('user.loaded', { userId })
    } catch (error) {
      logger.error('user.load.failed', { userId, error })
      session.setUser(userId, null)
    }
  }

  return (session, change) => {
    const { userId, user, claims } = session.identity
    if (change?.previous.user && !user) logger.debug('user.cleared', { userId: change.previous.userId })
    if (userId === null || user || tried.get(session) === claims) return
    tried.set(session, claims)
    if (change?.reason !== 'adopted') void fill(session, userId)
  }
}

/**
 * Keeps only the fields of a profile, because a loader may return its whole database row, and views go to the browser.
 */
function toShown(user: AuthUser, userId: string): AuthUser {
  if (user.id !== userId) throw new TypeError('loadUser: the profile is of another user')
  const { id, firstName, lastName, username, emailAddress, hasImage, imageUrl } = user
  return { id, firstName, lastName, username, emailAddress, hasImage, imageUrl }
}
