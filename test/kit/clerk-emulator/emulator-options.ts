import type { NewUser } from './directory.ts'
import { randomText } from './identifiers.ts'
import { createWebhookSecret } from './webhook.ts'

/** Options of `createClerkEmulator`. All are optional. */
export interface ClerkEmulatorOptions {
  /** Port to listen on. Default: 0, any free port. */
  port?: number
  /** Host to listen on, which the URLs name too. The app's page must use the same host. Default: `localhost`. */
  host?: string
  /** `false` starts no server: mount `app` in a server of your own, at the path of `url`. Default: `true`. */
  listen?: boolean
  /**
   * The address of the emulator, for example `http://localhost:3000/clerk`. Required only with `listen: false`, and by
   * default the address that the server listens on.
   */
  url?: string
  /** The name of the application in `<SignIn/>`. Default: `Clerk emulator`. */
  applicationName?: string
  /**
   * `true` lets a browser hold several accounts, and `<UserButton/>` switches between them. Default: false, as at
   * Clerk.
   */
  multiSession?: boolean
  /**
   * `false`: a user who signs in has to choose an organization first; the session is `pending` until then. Default:
   * true.
   */
  personalAccounts?: boolean
  /** The host that the publishable key names, with a dot and without a port. Default: `clerk.example.test`. */
  frontendApiHost?: string
  /** `iss` of session tokens. Default: `https://` and `frontendApiHost`. */
  issuer?: string
  /** Default: a random `sk_test_…`. */
  secretKey?: string
  /** Default: a random `whsec_…`. */
  webhookSecret?: string
  /** `azp` of tokens from `mintToken`, which come from no page. Default: `http://localhost:3000`. */
  appOrigin?: string
  /**
   * Life of a session token in seconds. clerk-js does not use a cached token with less than about 10 s left. Default:
   * 60.
   */
  tokenTtl?: number
  /** Clock of tokens and resources, ms since the epoch. Default: `Date.now`. */
  now?: () => number
  /** Users to begin with. */
  users?: NewUser[]
}

/** Settings that an administrator makes for a whole Clerk instance. */
export type InstanceSettings = Required<
  Pick<ClerkEmulatorOptions, 'applicationName' | 'multiSession' | 'personalAccounts'>
>

/**
 * Fills in the defaults.
 *
 * @throws TypeError that names the option
 */
export function resolveOptions(options: ClerkEmulatorOptions) {
  const { listen = true, url, tokenTtl = 60, frontendApiHost = 'clerk.example.test' } = options
  if (!listen && !url) throw new TypeError('url is required with listen: false')
  if (url && !URL.canParse(url)) throw new TypeError('url must be an absolute URL')
  if (!(tokenTtl > 0)) throw new TypeError('tokenTtl must be a positive number of seconds')
  return {
    port: options.port ?? 0,
    host: options.host ?? 'localhost',
    listen,
    url: url?.replace(/\/$/, ''),
    instance: {
      applicationName: options.applicationName ?? 'Clerk emulator',
      multiSession: options.multiSession ?? false,
      personalAccounts: options.personalAccounts ?? true,
    },
    frontendApiHost,
    issuer: options.issuer ?? `https://${frontendApiHost}`,
    secretKey: options.secretKey ?? `sk_test_${randomText(42)}`,
    webhookSecret: options.webhookSecret ?? createWebhookSecret(),
    appOrigin: options.appOrigin ?? 'http://localhost:3000',
    tokenTtl,
    now: options.now ?? Date.now,
    users: options.users ?? [],
  }
}
