import { isAuthError } from 'authchart'
import type { AuthServer } from 'authchart/h3'
import type { EventHandler } from 'h3'

export const greeting = (auth: AuthServer): EventHandler =>
  async function greet(event) {
    try {
      const { firstName, primaryEmailAddress } = await auth.getUser(event)
      return { firstName, email: primaryEmailAddress?.emailAddress }
    } catch (error) {
      if (isAuthError(error, 'not-signed-in')) return { firstName: 'stranger', code: error.code }
      throw error
    }
  }
