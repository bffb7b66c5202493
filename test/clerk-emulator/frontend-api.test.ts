import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClerkEmulator, type ClerkEmulator, type ClerkEmulatorOptions } from '../kit/index.ts'

const origin = 'http://localhost:3000'
let clerk: ClerkEmulator
let cookie: string

beforeEach(async () => {
  cookie = ''
  clerk = await createClerkEmulator({
    users: [{ id: 'user_ada', email: 'ada@example.test', password: 'correct horse' }],
  })
})
afterEach(() => clerk.close())

/** A client that behaves like clerk-js: only GET and POST, form bodies, and a cookie jar. */
async function call(path: string, form?: Record<string, string>, headers: Record<string, string> = { origin }) {
  const response = await fetch(`${clerk.frontendApiUrl}/v1${path}`, {
    method: form ? 'POST' : 'GET',
    headers: { ...headers, cookie },
    body: form && new URLSearchParams(form),
  })
  cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
  return { status: response.status, headers: response.headers, json: await response.json() }
}
const signIn = () => call('/client/sign_ins', { identifier: 'ada@example.test', password: 'correct horse' })
const codeOf = ({ json }: { json: any }) => json.errors[0].code

describe('signing in', () => {
  it('in one step creates a session and sets the client cookie, HttpOnly', async () => {
    const { json, headers } = await signIn()
    expect(json.response.status).toBe('complete')
    expect(json.client.last_active_session_id).toBe(json.response.created_session_id)
    expect(headers.get('set-cookie')).toMatch(/^__client=\w+; Path=\/; HttpOnly; SameSite=Lax/)
  })

  it('in two steps asks for the password', async () => {
    const first = await call('/client/sign_ins', { identifier: 'ada@example.test' })
    expect(first.json.response.status).toBe('needs_first_factor')
    const path = `/client/sign_ins/${first.json.response.id}/attempt_first_factor`
    const wrong = await call(path, { strategy: 'password', password: 'nope' })
    expect([wrong.status, codeOf(wrong)]).toEqual([422, 'form_password_incorrect'])
    const right = await call(path, { strategy: 'password', password: 'correct horse' })
    expect(right.json.response.status).toBe('complete')
  })

  it('by ticket works once', async () => {
    const form = { strategy: 'ticket', ticket: clerk.createSignInToken('user_ada') }
    expect((await call('/client/sign_ins', form)).json.response.status).toBe('complete')
    cookie = ''
    expect(codeOf(await call('/client/sign_ins', form))).toBe('ticket_invalid_code')
  })

  it('fails for an unknown user, and for a browser that already has a session', async () => {
    const stranger = await call('/client/sign_ins', { identifier: 'eve@example.test' })
    expect([stranger.status, codeOf(stranger)]).toEqual([422, 'form_identifier_not_found'])
    await signIn()
    const second = await signIn()
    expect([second.status, codeOf(second)]).toEqual([400, 'session_exists'])
  })
})

describe('a session', () => {
  it('gives tokens for the calling page: by Origin, Referer or Host', async () => {
    const id = (await signIn()).json.response.created_session_id
    const azp = async (headers: Record<string, string>) =>
      decodeJwt((await call(`/client/sessions/${id}/tokens`, {}, headers)).json.jwt).azp
    expect(await azp({ origin })).toBe(origin)
    expect(await azp({ referer: 'http://localhost:4000/deep/page' })).toBe('http://localhost:4000')
    expect(await azp({})).toBe(clerk.url)
  })

  it('changes organisation by touch, and tokens can ask for another', async () => {
    const acme = clerk.addOrganization({ id: 'org_acme', name: 'Acme' })
    const other = clerk.addOrganization({ id: 'org_other', name: 'Other' })
    clerk.setMembership('user_ada', acme)
    const path = `/client/sessions/${(await signIn()).json.response.created_session_id}`
    const orgIn = async (form: Record<string, string> = {}) =>
      (decodeJwt((await call(`${path}/tokens`, form)).json.jwt).o as { id: string } | undefined)?.id

    const touched = await call(`${path}/touch`, { active_organization_id: acme.id })
    expect(touched.json.response.last_active_organization_id).toBe('org_acme')
    expect(await orgIn()).toBe('org_acme')
    expect(await orgIn({ organization_id: '' })).toBeUndefined()
    expect(codeOf(await call(`${path}/touch`, { active_organization_id: other.id }))).toBe(
      'organization_not_found_or_unauthorized',
    )
    await call(`${path}/touch`, { active_organization_id: '' })
    expect(await orgIn()).toBeUndefined()
  })

  it('is 401 after its end or without a client, 404 for another browser', async () => {
    const id = (await signIn()).json.response.created_session_id
    const foreign = clerk.createSession('user_ada')
    expect((await call(`/client/sessions/${foreign.id}/tokens`, {})).status).toBe(404)
    clerk.revokeSession(id)
    const ended = await call(`/client/sessions/${id}/tokens`, {})
    expect([ended.status, codeOf(ended)]).toEqual([401, 'authentication_invalid'])
    expect((await call('/client')).json.response.sessions).toEqual([])
    cookie = ''
    expect((await call(`/client/sessions/${id}/tokens`, {})).status).toBe(401)
  })

  it('can be taken over by a browser that gets its client cookie', async () => {
    const session = clerk.createSession('user_ada')
    cookie = `__client=${clerk.clientCookie(session)}`
    expect((await call('/client')).json.response.last_active_session_id).toBe(session.id)
  })

  it('ends by remove, end and the removal of all', async () => {
    for (const [suffix, status] of Object.entries({ '/remove': 'removed', '/end': 'ended' })) {
      const id = (await signIn()).json.response.created_session_id
      expect((await call(`/client/sessions/${id}${suffix}`, {})).json.response.status).toBe(status)
    }
    await signIn()
    expect((await call('/client/sessions?_method=DELETE', {})).json.response.sessions).toEqual([])
  })

  it('that is pending is listed with its task', async () => {
    clerk.setSessionStatus((await signIn()).json.response.created_session_id, 'pending')
    expect((await call('/client')).json.response.sessions[0]).toMatchObject({
      status: 'pending',
      tasks: [{ key: 'choose-organization' }],
    })
  })
})

describe('an instance', () => {
  const open = async (options: ClerkEmulatorOptions) => {
    await clerk.close()
    clerk = await createClerkEmulator({
      users: [{ id: 'user_ada', email: 'ada@example.test', password: 'correct horse' }],
      ...options,
    })
  }

  it('with several sessions in a browser lets the same one sign in twice, and says so in its environment', async () => {
    await open({ multiSession: true })
    expect((await call('/environment')).json.auth_config.single_session_mode).toBe(false)
    const first = await signIn()
    const second = await signIn()
    expect(second.json.client.sessions).toHaveLength(2)
    const id = first.json.response.created_session_id
    const { json } = await call(`/client/sessions/${id}/touch`, {})
    expect(json.client.last_active_session_id).toBe(id)
  })

  it('without personal accounts keeps a session pending until it has an organization', async () => {
    await open({ personalAccounts: false })
    clerk.setMembership('user_ada', clerk.addOrganization({ id: 'org_acme', name: 'Acme' }))
    expect((await call('/environment')).json.organization_settings.force_organization_selection).toBe(true)
    const { json } = await signIn()
    expect(json.client.sessions[0]).toMatchObject({ status: 'pending', tasks: [{ key: 'choose-organization' }] })
    const path = `/client/sessions/${json.response.created_session_id}`
    const statusIn = async () => decodeJwt((await call(`${path}/tokens`, {})).json.jwt).sts
    expect(await statusIn()).toBe('pending')
    const touched = await call(`${path}/touch`, { active_organization_id: 'org_acme' })
    expect(touched.json.response).toMatchObject({ status: 'active', tasks: null })
    expect(await statusIn()).toBe('active')
  })

  it('shows an impersonation in the session and its tokens', async () => {
    const session = clerk.createSession('user_ada', { actor: 'user_agent' })
    expect(decodeJwt(clerk.mintToken({ session })).act).toEqual({ sub: 'user_agent' })
    cookie = `__client=${clerk.clientCookie(session)}`
    expect((await call('/client')).json.response.sessions[0].actor).toEqual({ sub: 'user_agent' })
    const beside = clerk.createSession('user_ada', { beside: session })
    expect(decodeJwt(clerk.mintToken({ session: beside })).act).toBeUndefined()
    expect((await call('/client')).json.response.sessions).toHaveLength(2)
  })
})

it('never shows private metadata to a browser', async () => {
  clerk.addUser({ email: 'bob@example.test', password: 'pass', privateMetadata: { note: 'hush' } })
  const { json } = await call('/client/sign_ins', { identifier: 'bob@example.test', password: 'pass' })
  expect(JSON.stringify(json)).not.toContain('hush')
})

it('allows pages of this machine by CORS, and no others', async () => {
  const allowed = async (from: string) =>
    (await call('/client', undefined, { origin: from })).headers.get('access-control-allow-origin')
  expect(await allowed('http://localhost:5173')).toBe('http://localhost:5173')
  expect(await allowed('https://evil.example')).toBeNull()
})
