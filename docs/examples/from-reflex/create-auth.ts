import type { ClerkOptions } from 'authchart/clerk'
import { createAuthServer } from 'authchart/h3'

/**
 * Creates an auth server. Each field of `clerk` defaults to its CLERK_* variable. Two calls create two independent
 * instances.
 */
export const createAuth = (clerk?: ClerkOptions) =>
  createAuthServer({
    clerk,
    authWaitTimeout: 2_000,
    claims: {
      issuer: 'https://clerk.example.test',
      authorizedParties: ['http://localhost:3000'],
      clockTolerance: 10,
    },
    loadUser: true,
  })
