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
  /** The components that read what the server knows. */
  readonly children?: ReactNode
}

/** The provider creates the client. Only the options of the first render count. */
export interface OwnClientProps extends AuthClientOptions, ProviderChildren {
  /** The hook `useAuth` of your Clerk package. It has to stay the same. */
  readonly useAuth: UseAuth
  /** Not given: the provider creates the client. */
  readonly client?: undefined
}

/** You create the client, which may also serve code outside React. The provider starts it but never stops it. */
export interface GivenClientProps extends ProviderChildren {
  /** Your client. */
  readonly client: AuthClient
  /** Leave this out if something else, such as `bindClerk`, tells the client Clerk's state. */
  readonly useAuth?: UseAuth
}

/** Props of {@link AuthProvider}: options for a client that it creates, or a client of yours. */
export type AuthProviderProps = OwnClientProps | GivenClientProps

/**
 * Provides the server's view to the components below it, and keeps it equal to Clerk's state. Place it inside Clerk's
 * provider.
 *
 * @throws TypeError that names an option which cannot be used
 * @example
 * <ClerkProvider publishableKey={key}>
 *   <AuthProvider useAuth={useAuth}>
 *     <App />
 *   </AuthProvider>
 * </ClerkProvider>
 */
export function AuthProvider(props: AuthProviderProps) {
  const { client: given, useAuth, children, ...options } = props
  // The provider creates its own client once, at the first render without a given one. A given client may come and go,
  // and belongs to its owner.
  const [own] = useState<{ client?: AuthClient }>({})
  const client = given ?? (own.client ??= createAuthClient(options))
  // If a component suspends in the first render, React drops the whole tree up to the boundary, including the client. A
  // provider that shows itself without its children first is kept, and the boundary above it waits for them.
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

/** Reports that it is on the page, before the browser paints. */
function Shown({ tell }: { readonly tell: (isEmpty: boolean) => void }) {
  useLayoutEffect(() => tell(false), [tell])
  return null
}

/**
 * Passes Clerk's state to the client. It is a separate component, so that a change of that state renders only this one.
 */
function ClerkListener({ client, useAuth }: { readonly client: AuthClient; readonly useAuth: UseAuth }) {
  // oxlint-disable-next-line react/hooks -- a hook given as a prop serves every Clerk package; it has to stay the same
  const clerk = useAuth()
  useEffect(() => client.setIdentity(clerk))
  return null
}
