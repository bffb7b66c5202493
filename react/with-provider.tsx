'use client'

import type { ComponentType, ReactElement, ReactNode } from 'react'

/** Wraps a whole app in what `renderProvider` puts round it. */
export function withProvider<Props extends object>(
  App: ComponentType<Props>,
  renderProvider: (app: ReactNode) => ReactElement,
): ComponentType<Props> {
  const WithClerkAuth = (props: Props) => renderProvider(<App {...props} />)
  WithClerkAuth.displayName = `withClerkAuth(${App.displayName ?? App.name})`
  return WithClerkAuth
}
