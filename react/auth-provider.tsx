'use client'

import { useEffect, useLayoutEffect, useState, type ReactNode } from 'react'
import {
  createAuthClient,
  type AuthClient,
  type AuthClientOptions,
  type ClerkState,
} from '../adapters/browser/index.ts'
import { ClientContext } from './client-context.ts'
import { wasProviderLost } from './lost-provider.ts'
import { useHydrates } from './use-hydrates.ts'

/** The hook `useAuth` of any Clerk package for React: react, nextjs, react-router, tanstack-react-start, clerk-react. */
export type UseAuth = () => ClerkState

interface ProviderChildren {
  readonly children?: ReactNode
}

/** A client made by the provider: its options count at the first render only. */
export interface OwnClientProps extends AuthClientOptions, ProviderChildren {
  readonly useAuth: UseAuth
  readonly client?: undefined
}

/** A client of your own, which may serve code outside React too. The provider starts it, and never stops it. */
export interface GivenClientProps extends ProviderChildren {
  readonly client: AuthClient
  /** Left out where something else tells the client what Clerk says, as `bindClerk` does. */
  readonly useAuth?: UseAuth
}

export type AuthProviderProps = OwnClientProps | GivenClientProps

/**
 * Gives the components below it what the server knows, kept equal to what Clerk says. It stands inside Clerk's provider.
 *
 * @example
 * <ClerkProvider publishableKey={key}>
 *   <AuthProvider useAuth={useAuth}>
 *     <App />
 *   </AuthProvider>
 * </ClerkProvider>
 */
export function AuthProvider(props: AuthProviderProps) {
  const { client: given, useAuth, children, ...options } = props
  // Made once, at the first render that has no client given: a given one may come and go, and stays its owner's.
  const [own] = useState<{ client?: AuthClient }>({})
  const client = given ?? (own.client ??= createAuthClient(options))
  // React throws away what suspends before it was ever shown, the client too. Shown first without its children, the provider
  // stays, and the boundary above it waits for them.
  const hydrates = useHydrates()
  const [isEmpty, setIsEmpty] = useState(() => !hydrates && wasProviderLost())

  useEffect(() => {
    client.start()
    return given ? undefined : () => client.stop()
  }, [client, given])

  return (
    <ClientContext.Provider value={client}>
      {useAuth && <ClerkListener client={client} useAuth={useAuth} />}
      {isEmpty ? <Shown tell={setIsEmpty} /> : children}
    </ClientContext.Provider>
  )
}

/** Tells before anything is painted that it is on the page. */
function Shown({ tell }: { readonly tell: (isEmpty: boolean) => void }) {
  useLayoutEffect(() => tell(false), [tell])
  return null
}

/** A component of its own, so that what Clerk says renders nothing but this. */
function ClerkListener({ client, useAuth }: { readonly client: AuthClient; readonly useAuth: UseAuth }) {
  // oxlint-disable-next-line react/hooks -- a hook given as a prop serves every Clerk package; it has to stay the same
  const clerk = useAuth()
  useEffect(() => client.setIdentity(clerk))
  return null
}
