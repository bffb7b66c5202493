import type { NewUser } from './directory.ts'
import { randomText } from './identifiers.ts'
import { createWebhookSecret } from './webhook.ts'

/** Options of `createClerkEmulator`; all can be left out. */
export interface ClerkEmulatorOptions {
  /** Port to listen on. Default: 0, any free one. */
  port?: number
  /** Host to listen on and to be named in the URLs; the app's page must use the same one. Default: `localhost`. */
  host?: string
  /** `false` starts no server: mount `app` in one of your own, at the path of `url`. Default: `true`. */
  listen?: boolean
  /** Where the emulator is reached, for example `http://localhost:3000/clerk`. Required with `listen: false` only. */
  url?: string
  /** What `<SignIn/>` says one signs in to. Default: `Clerk emulator`. */
  applicationName?: string
  /** Lets a browser hold several accounts, between which `<UserButton/>` switches. Default: false, as with Clerk. */
  multiSession?: boolean
  /** `false`: who signs in has to choose an organization first, and the session is `pending` until then. Default: true. */
  personalAccounts?: boolean
  /** Host the publishable key names; with a dot and without a port. Default: `clerk.example.test`. */
  frontendApiHost?: string
  /** `iss` of session tokens. Default: `https://` and `frontendApiHost`. */
  issuer?: string
  /** Default: a random `sk_test_…`. */
  secretKey?: string
  /** Default: a random `whsec_…`. */
  webhookSecret?: string
  /** `azp` of tokens minted by `mintToken`, which no page asked for. Default: `http://localhost:3000`. */
  appOrigin?: string
  /** Seconds a session token lives. clerk-js never serves one with less than about 10 left from its cache. Default: 60. */
  tokenTtl?: number
  /** Clock of tokens and resources, ms since the epoch. Default: `Date.now`. */
  now?: () => number
  /** Users to begin with. */
  users?: NewUser[]
}

/** What an administrator sets for a whole Clerk instance. */
export type InstanceSettings = Required<
  Pick<ClerkEmulatorOptions, 'applicationName' | 'multiSession' | 'personalAccounts'>
>

/** @throws TypeError that names the option */
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
