import type { Page } from 'playwright-core'

/** What a user types to sign in. */
export interface Credentials {
  readonly email: string
  readonly password: string
}

/** Fills in Clerk's own form, and sends it. */
export async function sendSignInForm(page: Page, { email, password }: Credentials): Promise<void> {
  await page.fill('input[name=identifier]', email)
  await page.click('button:has-text("Continue")')
  await page.fill('input[type=password]:visible', password)
  await page.click('button:has-text("Continue")')
}
