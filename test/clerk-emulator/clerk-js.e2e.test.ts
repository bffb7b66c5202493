// For window.Clerk, which the script tag sets.
/// <reference types="@clerk/clerk-js" />
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.ts'
import { sendSignInForm } from '../e2e/sign-in-form.ts'
import { createClerkEmulator, type ClerkEmulator, type EmulatedSession } from '../kit/index.ts'

let browser: Browser
let clerk: ClerkEmulator
let app: Server
let appUrl: string
let context: BrowserContext
let pageErrors: string[]

/** The scripts of each clerk-js. From version 6 on its components have a script of their own. */
const versions = {
  5: () => [clerk.clerkJSUrl],
  6: () => [clerk.providerProps.__internal_clerkUIUrl, clerk.providerProps.__internal_clerkJSUrl],
}
let scripts: string[]

/** The page of an app that knows nothing of the emulator but Clerk's own settings. */
const html = () => `<!doctype html><meta charset="utf-8"><title>App</title>
<div id="user"></div><div id="organization"></div><div id="main"></div>
${scripts.map((src) => `<script src="${src}" crossorigin="anonymous" data-clerk-publishable-key="${clerk.publishableKey}" data-clerk-proxy-url="${clerk.frontendApiUrl}"></script>`).join('\n')}
<script>
  const draw = ({ user }) => {
    const main = document.getElementById('main')
    if (user === undefined || main.dataset.user === String(user?.id)) return
    main.dataset.user = String(user?.id)
    if (user) {
      Clerk.unmountSignIn(main)
      Clerk.mountUserButton(document.getElementById('user'))
      Clerk.mountOrganizationSwitcher(document.getElementById('organization'))
    } else Clerk.mountSignIn(main, { routing: 'hash' })
  }
  const ui = { ClerkUI: window.__internal_ClerkUICtor }
  Clerk.load({ telemetry: false, afterSignOutUrl: '/', ui }).then(() => Clerk.addListener(draw))
</script>`

beforeAll(async () => {
  browser = await launchBrowser()
  app = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(html()))
  app.listen(0, 'localhost')
  await once(app, 'listening')
  appUrl = `http://localhost:${(app.address() as AddressInfo).port}`
})
afterAll(async () => {
  await browser?.close()
  app?.closeAllConnections()
  app?.close()
})

beforeEach(async () => {
  clerk = await createClerkEmulator({
    users: [{ id: 'user_ada', email: 'ada@example.test', password: 'correct horse', firstName: 'Ada', lastName: 'L' }],
  })
  context = await browser.newContext()
  pageErrors = []
  context.on('weberror', (error) => pageErrors.push(String(error.error())))
})
afterEach(async () => {
  await context.close()
  await clerk.close()
})

async function openPage(): Promise<Page> {
  const page = await context.newPage()
  await page.goto(appUrl)
  await page.waitForFunction(() => window.Clerk?.loaded)
  return page
}

/** Opens the page in the browser of a session that was created without a browser. */
async function openPageAs(session: EmulatedSession): Promise<Page> {
  await context.addCookies([{ name: '__client', value: clerk.clientCookie(session), url: clerk.url, httpOnly: true }])
  return openPage()
}

async function signIn(page: Page): Promise<void> {
  await sendSignInForm(page, { email: 'ada@example.test', password: 'correct horse' })
  await page.waitForFunction(() => window.Clerk?.user)
}

const tokenOf = async (page: Page, options?: { skipCache: boolean }) =>
  decodeJwt((await page.evaluate((options) => window.Clerk?.session?.getToken(options), options)) ?? '')

const signedOut = (page: Page) => page.waitForFunction(() => window.Clerk?.loaded && window.Clerk.user === null)

describe.each([5, 6] as const)('the real clerk-js %i in a real browser', (version) => {
  beforeEach(() => {
    scripts = versions[version]()
  })

  it('is the version that was asked for', async () => {
    const page = await openPage()
    expect(await page.evaluate(() => window.Clerk?.version)).toMatch(new RegExp(`^${version}\\.`))
    expect(pageErrors).toEqual([])
  })

  it("signs in through Clerk's own form, with tokens for the app's origin", async () => {
    const page = await openPage()
    await signIn(page)
    await page.waitForSelector('.cl-userButtonTrigger')
    expect(await tokenOf(page)).toMatchObject({ sub: 'user_ada', azp: appUrl, iss: clerk.issuer })
    await page.reload()
    await page.waitForFunction(() => window.Clerk?.user)
    expect(pageErrors).toEqual([])
  })

  it("shows Clerk's own message for a wrong password", async () => {
    const page = await openPage()
    await sendSignInForm(page, { email: 'ada@example.test', password: 'wrong horse' })
    expect(await page.waitForSelector('text=Password is incorrect')).toBeTruthy()
  })

  it('switches organisation with the switcher, and the next token has the new one', async () => {
    const acme = clerk.addOrganization({ id: 'org_acme', name: 'Acme' })
    clerk.setMembership('user_ada', acme, { role: 'org:admin' })
    const page = await openPage()
    await signIn(page)
    expect(await tokenOf(page)).not.toHaveProperty('o')

    await page.click('.cl-organizationSwitcherTrigger')
    await page.click('button:has-text("Acme")')
    await page.waitForFunction(() => window.Clerk?.organization?.id === 'org_acme')
    expect(await tokenOf(page)).toMatchObject({ o: { id: 'org_acme', rol: 'admin', slg: 'acme' } })

    await page.evaluate(() => window.Clerk?.setActive({ organization: null }))
    expect(await tokenOf(page)).not.toHaveProperty('o')
    expect(pageErrors).toEqual([])
  })

  it('signs out from the user button, and a second tab notices', async () => {
    const page = await openPage()
    await signIn(page)
    const second = await openPage()
    await second.waitForFunction(() => window.Clerk?.user)
    // Chromium draws a tab behind another one only once a second, and each click waits for two frames.
    await page.bringToFront()
    await page.click('.cl-userButtonTrigger')
    await page.click('button:has-text("Sign out")')
    await signedOut(page)
    await signedOut(second)
    expect(await page.waitForSelector('input[name=identifier]')).toBeTruthy()
  })

  it("changes a member's role and signs out another device through Clerk's resources", async () => {
    const acme = clerk.addOrganization({ name: 'Acme' })
    const bob = clerk.addUser({ email: 'bob@example.test' })
    clerk.setMembership('user_ada', acme, { role: 'org:admin' })
    clerk.setMembership(bob, acme)
    const session = clerk.createSession('user_ada', { organization: acme })
    const elsewhere = clerk.createSession('user_ada')
    const page = await openPageAs(session)

    const role = await page.evaluate(async () => {
      const members = await window.Clerk?.organization?.getMemberships()
      const bob = members?.data.find(({ publicUserData }) => publicUserData?.identifier === 'bob@example.test')
      return (await bob?.update({ role: 'org:admin' }))?.role
    })
    expect(role).toBe('org:admin')

    const devices = await page.evaluate(async () => {
      const sessions = await window.Clerk?.user?.getSessions()
      const others = sessions?.filter(({ id }) => id !== window.Clerk?.session?.id) ?? []
      await Promise.all(others.map((other) => other.revoke()))
      return sessions?.map(({ id }) => id)
    })
    expect(devices).toEqual([session.id, elsewhere.id])
    expect([session.status, elsewhere.status]).toEqual(['active', 'revoked'])
  })

  it('learns of a session revoked elsewhere when it next asks for a token', async () => {
    const session = clerk.createSession('user_ada')
    const page = await openPageAs(session)
    expect(await page.evaluate(() => window.Clerk?.session?.id)).toBe(session.id)
    clerk.revokeSession(session)
    await page.evaluate(() => window.Clerk?.session?.getToken({ skipCache: true }).catch(() => null))
    await signedOut(page)
  })

  it('survives a token endpoint that fails for a while', async () => {
    const page = await openPage()
    await signIn(page)
    clerk.clearRequests()
    clerk.addFault({ path: /\/tokens$/, status: 503, times: 1 })
    expect(await tokenOf(page, { skipCache: true })).toMatchObject({ sub: 'user_ada' })
    const tokens = clerk.requests.filter(({ path }) => path.endsWith('/tokens'))
    expect(tokens.map(({ status }) => status).slice(0, 2)).toEqual([503, 200])
  })
})
