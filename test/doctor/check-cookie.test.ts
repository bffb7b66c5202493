import { expect, it } from 'vitest'
import { checkCookie, findSessionCookie } from '../../adapters/doctor/check-cookie.ts'
import { createSecretId } from '../../adapters/hub/cookies/secret-id.ts'

const https = new URL('https://app.example.com')
const http = new URL('http://app.example.com')
const kept = 'HttpOnly; Path=/; SameSite=Lax; Secure'

function check(name: string, attributes: string, url = https, origin = url): string[] {
  const cookie = findSessionCookie(['balancer=node-3; Path=/', `${name}=${createSecretId()}; ${attributes}`])
  return checkCookie(cookie, url, origin).map(({ level, code }) => `${level} ${code}`)
}

it.each<[string, string[], ...Parameters<typeof check>]>([
  ['the cookie of production over https', ['ok cookie'], '__Host-authchart', kept],
  ['the cookie of development over http', ['ok cookie'], 'authchart', 'HttpOnly; Path=/; SameSite=Lax', http],
  ['a plain cookie over https', ['failure cookie.plain'], 'authchart', 'HttpOnly; Path=/; SameSite=Lax'],
  ['a Secure cookie over http', ['failure cookie-missing'], '__Host-authchart', kept, http],
  ['a path that a proxy rewrote', ['failure cookie-missing'], '__Host-authchart', kept.replace('Path=/', 'Path=/app')],
  ['a domain that a proxy added', ['failure cookie-missing'], '__Host-authchart', `${kept}; Domain=example.com`],
  ['a cookie that scripts can read', ['failure cookie'], '__Host-authchart', 'Path=/; SameSite=Lax; Secure'],
  ['a page on a subdomain', ['ok cookie'], '__Host-authchart', kept, https, new URL('https://a.app.example.com')],
  ['a page elsewhere', ['warning cookie-missing'], '__Host-authchart', kept, https, new URL('https://other.example')],
  [
    'a page elsewhere, for which the cookie is made',
    ['ok cookie'],
    '__Host-authchart',
    kept.replace('Lax', 'None'),
    https,
    new URL('https://other.example'),
  ],
])('judges %s', (_, expected, ...given) => {
  expect(check(...given)).toEqual(expected)
})

it('takes no other cookie for that of the session', () => {
  expect(findSessionCookie(['balancer=node-3; Path=/'])).toBeNull()
  expect(findSessionCookie()).toBeNull()
})
