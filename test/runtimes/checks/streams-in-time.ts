import assert from 'node:assert/strict'
import { requireProblem, signIn, until, type Check } from './check.ts'

/** A ping comes every 15 s, and every 5 s on Bun, which ends a connection after 10 s of silence. */
const pings = 3

/** A stream on which nothing happens lives on. It takes 15 to 45 s, so the other checks run beside it. */
export const holds: Check = async (site) => {
  const stream = await site.browser('/limited').open()
  for (let heard = 0; heard < pings;) {
    const frame = await stream.next()
    assert.ok(frame, `the stream ended after ${heard} pings`)
    if (frame.event === 'ping') heard += 1
  }
}

/** The server lets go of the streams whose readers have left. */
export const letsGo: Check = async (site) => {
  const { browser, stream } = await signIn(site)
  const tabs = await Promise.all(['tab2', 'tab3', 'tab4'].map((tab) => browser.open(tab)))
  for (const tab of tabs) await tab.view()
  for (const each of [...tabs, stream]) each.close()
  await until(async () => (await browser.send('/stats')).body['streams'] === 0)
}

/** `auth.close` says goodbye on every stream, and later requests are told that the server shuts down. */
export const closes: Check = async (site) => {
  const { browser, stream, mint } = await signIn(site)
  assert.deepEqual((await browser.send('/close')).body, { closed: true })
  await stream.ended
  assert.match(stream.text(), /event: bye\ndata: \{"reason":"closing"\}/)
  requireProblem(await browser.token(mint()), 503, 'draining')
}
