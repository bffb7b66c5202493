import { createHash } from 'node:crypto'
import { BearerToken } from '../../machines/bearer-token.ts'
import type { RequestFacts } from './request-facts.ts'
import { readCookie } from './request-cookies.ts'

/** The Clerk session tokens that a request carries of itself. */
export interface CarriedTokens {
  read(event: RequestFacts): BearerToken[]
  /** True where one of Clerk's cookies came along that `read` may take a token from. */
  isInCookie(event: RequestFacts): boolean
}

export interface CarriedTokensOptions {
  /** Names the instance, and so the suffix of its cookie where a host serves several. */
  readonly publishableKey?: string
  /** Whether Clerk's cookie is read at all: only where `azp` is checked, since a subdomain could have set it. */
  readonly readsCookies: boolean
}

/**
 * Any page of a sibling subdomain can set cookies of Clerk's names. Those that cannot be a token that RS256 signed with a
 * key of 2048 bits are passed over, and of the others a Node server takes no more than about twenty in its headers.
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
