import type { AuthUser } from '../../../machines/index.ts'
import { turns } from './real-time.ts'

/** A profile that takes longer than this counts as failed, ms. */
const profileTimeout = 5_000
/** Loads profiles when it is told to. */
export function createProfileDesk(now: () => number) {
  let asked: { userId: string; at: number; answer: (user: AuthUser | null) => void }[] = []
  return {
    load: (userId: string) =>
      new Promise<AuthUser>((resolve, reject) => {
        const answer = (user: AuthUser | null) => (user ? resolve(user) : reject(new Error('no profile')))
        asked.push({ userId, at: now(), answer })
      }),
    isAsked: (userId: string) => asked.some((each) => each.userId === userId),
    isOverdue: (ms: number) => asked.some(({ at }) => now() + ms - at >= profileTimeout),
    async answer(userId: string, user: AuthUser | null) {
      for (const each of asked) if (each.userId === userId) each.answer(user)
      asked = asked.filter((each) => each.userId !== userId)
      await turns(1)
    },
    async close() {
      for (const { answer } of asked.splice(0)) answer(null)
      await turns(1)
    },
  }
}
