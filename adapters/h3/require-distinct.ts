import type { H3 } from 'h3'

/** The names that must differ between two auth servers of one app. */
export interface RouteNames {
  readonly basePath: string
  readonly cookieName: string
}

const registered = new WeakMap<H3, readonly RouteNames[]>()

/**
 * Records that an app gets the routes of an auth server.
 *
 * @throws TypeError if the app has another auth server with the same base path or cookie name: the two would overwrite
 * each other's session.
 */
export function requireDistinct(app: H3, names: RouteNames): void {
  const others = registered.get(app) ?? []
  const { basePath, cookieName } = names
  if (others.some((other) => other.basePath === basePath)) {
    throw new TypeError(
      `app.register(auth.plugin): the app has an auth server at basePath ${basePath} already; ` +
        'give each createAuthServer another basePath, and register each plugin once',
    )
  }
  const sameCookie = others.find((other) => other.cookieName === cookieName)
  if (sameCookie) {
    throw new TypeError(
      `app.register(auth.plugin): the auth servers at ${sameCookie.basePath} and ${basePath} both name their cookie ` +
        `${cookieName} and would overwrite each other's session; set another cookie.name for one of them`,
    )
  }
  registered.set(app, [...others, names])
}
