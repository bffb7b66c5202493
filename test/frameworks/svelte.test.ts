// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { createAuthClient } from 'authchart/client'
import { createAuthStore, type AuthStore, type ShownAuth } from 'authchart/svelte'
import { derived, fromStore, get, type Readable } from 'svelte/store'
import { expect, expectTypeOf, it } from 'vitest'
import { quiet, signedOutAtClerk } from './client.ts'

it('is a store of Svelte: it has a value at once, and follows the client until nobody subscribes', () => {
  expectTypeOf<AuthStore>().toExtend<Readable<ShownAuth>>()
  const client = createAuthClient(quiet)
  const auth = createAuthStore(client)
  expect(get(auth)).toMatchObject({ status: 'loading', view: { state: 'signedOut' } })

  const seen: string[] = []
  const end = derived(auth, ({ status }) => status).subscribe((status) => seen.push(status))
  client.start()
  client.setIdentity(signedOutAtClerk)
  expect(seen).toEqual(['loading', 'unauthenticated'])
  expect(fromStore(auth).current.status).toBe('unauthenticated')
  end()
  client.setIdentity({ ...signedOutAtClerk, isLoaded: false })
  expect(seen).toEqual(['loading', 'unauthenticated'])
  client.stop()
})
