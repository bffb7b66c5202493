import { createHash } from 'node:crypto'
import type { H3Event } from 'h3'
import { BearerToken } from '../../machines/bearer-token.ts'
import { readCookie } from './request-cookies.ts'

/** The Clerk session tokens that a request carries of itself. */
export interface CarriedTokens {
  read(event: H3Event): BearerToken[]
  /** True where one of Clerk's cookies came along that `read` may take a token from. */
  isInCookie(event: H3Event): boolean
}

export interface CarriedTokensOptions {
  /** Names the instance, and so the suffix of its cookie where a host serves several. */
  readonly publishableKey?: string
  /** Whether Clerk's cookie is read at all: only where `azp` is checked, since a subdomain could have set it. */
  readonly readsCookies: boolean
}

/** A host may serve several Clerk instances; more candidates than this are somebody's doing. */
const maxTokens = 3

export function createCarriedTokens({ publishableKey, readsCookies }: CarriedTokensOptions): CarriedTokens {
  const names = readsCookies ? [...(publishableKey ? [`__session_${toSuffix(publishableKey)}`] : []), '__session'] : []

  return {
    read(event) {
      const { headers } = event.req
      const bearer = /^Bearer +([^\s,]+)$/i.exec(headers.get('authorization') ?? '')?.[1]
      const isCrossSite = headers.get('sec-fetch-site') === 'cross-site'
      const cookies = isCrossSite ? [] : names.flatMap((name) => readCookie(headers.get('cookie'), name))
      return [...new Set([bearer, ...cookies])]
        .filter((text) => text !== undefined && text !== '')
        .slice(0, maxTokens)
        .map((text) => new BearerToken(text as string))
    },
    isInCookie: (event) => names.some((name) => readCookie(event.req.headers.get('cookie'), name).length > 0),
  }
}

/** Clerk's SDKs name an instance's cookies after the first 8 characters of the SHA-1 of its publishable key. */
const toSuffix = (publishableKey: string) => createHash('sha1').update(publishableKey).digest('base64url').slice(0, 8)
