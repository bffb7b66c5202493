import { isIPv6 } from 'node:net'
import type { H3Event } from 'h3'

/** Returns the address of the client that a request comes from, or undefined if it is not known. */
export type ClientAddress = (event: H3Event) => string | undefined

/**
 * Names the owner of an address. For IPv4 that is the address itself, and for IPv6 its network of 64 bits, because a
 * subscriber gets at least that many addresses (RFC 6177).
 *
 * @returns undefined if there is no address
 */
export function toAddressOwner(address: string | undefined): string | undefined {
  if (!address) return undefined
  const text = address.trim().toLowerCase()
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1]
  if (mapped !== undefined || !isIPv6(text)) return mapped ?? text
  const [head = '', tail] = text.split('%')[0]!.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail ? tail.split(':') : []
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - groups.length - rest.length }, () => '0')
  return [...groups, ...zeros, ...rest]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
