import { createHash } from 'node:crypto'
import { BearerToken } from '../../machines/bearer-token.ts'
import { readCookie } from './request-cookies.ts'
import type { RequestFacts } from './request-facts.ts'

/** Reads the Clerk session tokens that a request itself carries. */
export interface CarriedTokens {
  read(event: RequestFacts): BearerToken[]
  /** True if the request has one of Clerk's cookies that `read` may take a token from. */
  isInCookie(event: RequestFacts): boolean
}

export interface CarriedTokensOptions {
  /** Identifies the instance, and with it the suffix of its cookie if a host serves several instances. */
  readonly publishableKey?: string
  /**
   * True if Clerk's cookie may be read. It is true only if `azp` is checked, because a subdomain could have set the
   * cookie.
   */
  readonly readsCookies: boolean
}

/**
 * Any page of a sibling subdomain can set cookies with Clerk's names. A value that cannot be a token signed with RS256
 * and a key of 2048 bits is skipped. Of the others, a Node server accepts no more than about twenty in its headers.
 */
const cookieOptions = { isValue: (value: string) => /^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{342,}$/.test(value), most: 24 }

export function createCarriedTokens({ publishableKey, readsCookies }: CarriedTokensOptions): CarriedTokens {
  const names = readsCookies ? [...(publishableKey ? [`__session_${toSuffix(publishableKey)}`] : []), '__session'] : []

  return {
    read(event) {
      const { headers } = event.req
      const bearer = /^Bearer +([^\s,]+)$/i.exec(headers.get('authorization') ?? '')?.[1]
      const isCrossSite = headers.get('sec-fetch-site') === 'cross-site'
      const header = isCrossSite ? null : headers.get('cookie')
      const texts = new Set(names.flatMap((name) => readCookie(header, name, cookieOptions)))
      return [...new Set([...(bearer ? [bearer] : []), ...texts])]
        .slice(0, cookieOptions.most + 1)
        .map((text) => new BearerToken(text))
    },
    isInCookie: (event) => names.some((name) => readCookie(event.req.headers.get('cookie'), name).length > 0),
  }
}

/** Clerk's SDKs name an instance's cookies after the first 8 characters of the SHA-1 of its publishable key. */
const toSuffix = (publishableKey: string) => createHash('sha1').update(publishableKey).digest('base64url').slice(0, 8)
