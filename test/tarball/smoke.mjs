/**
 * Runs in a folder where the tarball and its peers are installed: it imports every entry point, then a server signs a
 * token in, streams the view and signs out. It is JavaScript, because the Node that runs it may know no types.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { H3, serve } from 'h3'

const manifest = JSON.parse(readFileSync('node_modules/authchart/package.json', 'utf8'))
for (const [entry, target] of Object.entries(manifest.exports)) {
  if (typeof target === 'string') continue
  const module = await import(`authchart${entry.slice(1)}`)
  assert.ok(Object.keys(module).length > 0, entry)
}

const { createAuthServer } = await import('authchart/h3')
const { createAuthClient } = await import('authchart/client')
const { createClerkEmulator } = await import('authchart/testing')

assert.equal(createAuthClient({ url: 'http://localhost' }).view.state, 'unchecked')

const clerk = await createClerkEmulator({ users: [{ id: 'user_ada', email: 'ada@example.test' }] })
const auth = createAuthServer({
  clerk: { secretKey: clerk.secretKey, publishableKey: clerk.publishableKey, apiUrl: clerk.apiUrl },
  claims: { authorizedParties: ['http://localhost:3000'] },
  logger: { info() {}, debug() {} },
})
const app = new H3()
app.register(auth.plugin)
app.use('/api/**', auth.requireAuth())
app.get('/api/me', async (event) => ({ userId: (await auth.session(event)).userId }))
const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true })
await server.ready()
const url = server.url.replace(/\/$/, '')

const post = (body, headers = {}) =>
  fetch(`${url}/auth/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, ...headers },
    body: JSON.stringify(body),
  })
const session = clerk.createSession('user_ada')
const signedIn = await post({ type: 'token.received', token: clerk.mintToken({ session }), tab: 'tab1', seq: 1 })
assert.equal((await signedIn.json()).state, 'signedIn')
const cookie = signedIn.headers.getSetCookie()[0].split(';')[0]
assert.deepEqual(await (await fetch(`${url}/api/me`, { headers: { cookie } })).json(), { userId: 'user_ada' })

const stream = await fetch(`${url}/auth/events?tab=tab1`, { headers: { cookie } })
const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader()
let frames = ''
const read = async (pattern) => {
  while (!pattern.test(frames)) {
    const { value, done } = await reader.read()
    assert.ok(!done, 'the stream goes on')
    frames += value
  }
}
await read(/event: view[^]*"state":"signedIn"/)

const signedOut = await post({ type: 'session.cleared', sessionId: session.id, tab: 'tab1', seq: 2 }, { cookie })
assert.equal((await signedOut.json()).state, 'signedOut')
await read(/event: view[^]*"state":"signedOut"/)
assert.equal((await fetch(`${url}/api/me`, { headers: { cookie } })).status, 401)

const doctor = ['node_modules/authchart/dist/adapters/doctor/cli.js', 'doctor', url, '--quick']
const { stdout: findings } = await promisify(execFile)(process.execPath, doctor)
assert.match(findings, /^ok +answer/)

await reader.cancel()
await auth.close({ timeout: 100 })
await server.close(true)
await clerk.close()
console.log('signed in, streamed, signed out')
