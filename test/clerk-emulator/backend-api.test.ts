import { createClerkClient, verifyToken, type ClerkClient } from '@clerk/backend'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClerkEmulator, type ClerkEmulator } from '../kit/index.ts'

let clerk: ClerkEmulator
let backend: ClerkClient

const clientOf = (emulator: ClerkEmulator, secretKey = emulator.secretKey) =>
  createClerkClient({
    secretKey,
    publishableKey: emulator.publishableKey,
    apiUrl: emulator.apiUrl,
    telemetry: { disabled: true },
  })

beforeEach(async () => {
  clerk = await createClerkEmulator({
    users: [
      { id: 'user_ada', email: 'ada@example.test', firstName: 'Ada', lastName: 'Lovelace', username: 'ada' },
      { id: 'user_bob', email: 'bob@example.test', privateMetadata: { plan: 'free' } },
    ],
  })
  backend = clientOf(clerk)
})
afterEach(() => clerk.close())

describe('users', () => {
  it('are read by id, including private metadata', async () => {
    const ada = await backend.users.getUser('user_ada')
    expect(ada).toMatchObject({ id: 'user_ada', firstName: 'Ada', lastName: 'Lovelace', username: 'ada' })
    expect(ada.primaryEmailAddress?.emailAddress).toBe('ada@example.test')
    expect((await backend.users.getUser('user_bob')).privateMetadata).toEqual({ plan: 'free' })
  })

  it('are listed with their count, filtered and paged', async () => {
    const all = await backend.users.getUserList()
    expect(all.totalCount).toBe(2)
    expect(all.data.map(({ id }) => id)).toEqual(['user_bob', 'user_ada'])
    const filtered = await backend.users.getUserList({ emailAddress: ['ada@example.test'] })
    expect(filtered.data.map(({ id }) => id)).toEqual(['user_ada'])
    expect((await backend.users.getUserList({ limit: 1, offset: 1 })).data.map(({ id }) => id)).toEqual(['user_ada'])
    expect(await backend.users.getCount()).toBe(2)
  })

  it('are created, changed and deleted, which ends their sessions', async () => {
    const eve = await backend.users.createUser({ emailAddress: ['eve@example.test'], firstName: 'Eve' })
    expect((await backend.users.updateUser(eve.id, { lastName: 'Moneypenny' })).fullName).toBe('Eve Moneypenny')
    const session = clerk.createSession(eve.id)
    await backend.users.deleteUser(eve.id)
    await expect(backend.users.getUser(eve.id)).rejects.toMatchObject({
      status: 404,
      errors: [{ code: 'resource_not_found' }],
    })
    expect((await backend.sessions.getSession(session.id)).status).toBe('revoked')
  })
})

describe('sessions', () => {
  it('are read, listed and revoked', async () => {
    const session = clerk.createSession('ada@example.test')
    expect(await backend.sessions.getSession(session.id)).toMatchObject({ status: 'active', userId: 'user_ada' })
    expect((await backend.sessions.getSessionList({ userId: 'user_ada' })).data).toHaveLength(1)
    expect((await backend.sessions.revokeSession(session.id)).status).toBe('revoked')
    expect((await backend.sessions.getSessionList({ userId: 'user_ada', status: 'active' })).data).toHaveLength(0)
  })

  it('give tokens without an authorized party, with the requested life', async () => {
    const session = await backend.sessions.createSession({ userId: 'user_ada' })
    const { jwt } = await backend.sessions.getToken(session.id, undefined, 600)
    const claims = await verifyToken(jwt, { secretKey: clerk.secretKey, apiUrl: clerk.apiUrl, skipJwksCache: true })
    expect(claims).toMatchObject({ sub: 'user_ada', sid: session.id })
    expect(claims.azp).toBeUndefined()
    expect(claims.exp - claims.iat).toBe(600)
  })
})

it('issues sign-in tokens, and revokes them', async () => {
  const issued = await backend.signInTokens.createSignInToken({ userId: 'user_ada', expiresInSeconds: 60 })
  expect(issued).toMatchObject({ userId: 'user_ada', status: 'pending' })
  expect((await backend.signInTokens.revokeSignInToken(issued.id)).status).toBe('revoked')
})

it('lists the members of an organisation and the organisations of a member', async () => {
  const acme = clerk.addOrganization({ name: 'Acme Ltd' })
  clerk.setMembership('user_ada', acme, { role: 'org:admin', permissions: ['org:invoices:read'] })
  clerk.setMembership('user_bob', acme)

  const members = await backend.organizations.getOrganizationMembershipList({ organizationId: acme.id })
  expect(members.totalCount).toBe(2)
  expect(members.data[0]).toMatchObject({ role: 'org:admin', publicUserData: { userId: 'user_ada' } })
  expect(members.data[0]?.permissions).toContain('org:invoices:read')

  const own = await backend.users.getOrganizationMembershipList({ userId: 'user_bob' })
  expect(own.data[0]).toMatchObject({ role: 'org:member', organization: { slug: 'acme-ltd' } })
  await backend.organizations.updateOrganizationMembership({
    organizationId: acme.id,
    userId: 'user_bob',
    role: 'org:admin',
  })
  await backend.organizations.deleteOrganizationMembership({ organizationId: acme.id, userId: 'user_ada' })
  expect((await backend.organizations.getOrganization({ slug: 'acme-ltd' })).membersCount).toBe(1)
})

it('refuses a wrong secret key', async () => {
  await expect(clientOf(clerk, 'sk_test_wrong').users.getUserList()).rejects.toMatchObject({
    status: 401,
    errors: [{ code: 'clerk_key_invalid' }],
  })
})

it('answers 404 to a call that it does not emulate', async () => {
  await expect(backend.redirectUrls.getRedirectUrl('x')).rejects.toMatchObject({ status: 404 })
})
