import type { ClerkEmulator } from '../kit/index.ts'

/** Mints a token of a new session, with claims that a test changes. */
export const createTestToken = (clerk: ClerkEmulator, claims: Readonly<Record<string, unknown>>): string =>
  clerk.mintToken({ session: clerk.createSession('user_ada'), claims })
