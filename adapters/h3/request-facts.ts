import type { H3Event } from 'h3'

/** Headers by name, in lower case. */
export type HeaderReader = Pick<Headers, 'get' | 'has'>

/** Headers as Node, Express and Fastify hand them out. */
export type HeaderRecord = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * A request with its headers: a `Request`, a request of Node, Express or Fastify, or `{ headers }` alone, as in Next's
 * server components. Without a `method`, a request with an `Origin` header counts as one that may change something, since
 * browsers send it with each of those. Without a `url`, the request counts as plain http to the host of its `Host` header,
 * unless a forwarding header or its socket tells otherwise.
 */
export interface HeaderSource {
  /** The headers of the request. */
  readonly headers: HeaderReader | HeaderRecord
  /** HTTP method; by default a change if there is an `Origin` header, else a read. */
  readonly method?: string | undefined
  /** An absolute URL or only a path. */
  readonly url?: string | undefined
}

/**
 * A source to read a session from: an event of h3 v2, an event of h3 v1 as in Nuxt 4, or a request with its headers.
 */
export type RequestSource = H3Event | { readonly node: { readonly req: HeaderSource } } | HeaderSource

/** The parts of a request that the server reads. An event of h3 v2 already has this form. */
export interface RequestFacts {
  readonly req: { readonly method: string; readonly headers: HeaderReader }
  readonly url: { readonly protocol: string; readonly href: string }
  readonly runtime?: { readonly node?: unknown } | undefined
}

/** @throws TypeError naming what is accepted */
export type ToRequestFacts = (from: RequestSource) => RequestFacts

/**
 * @returns a function that gives the same facts object each time for one request, so that they can be a key in a
 * WeakMap
 */
export function createRequestFacts(): ToRequestFacts {
  const known = new WeakMap<object, RequestFacts>()

  return (from) => {
    if (isFacts(from)) return from
    const source = toSource(from)
    // A caller may make a new object around the headers for each call.
    const key = source.method === undefined ? source.headers : source
    let facts = known.get(key)
    if (!facts) known.set(key, (facts = toFacts(source)))
    return facts
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isReader = (value: unknown): value is HeaderReader =>
  isObject(value) && typeof value['get'] === 'function' && typeof value['has'] === 'function'

function isFacts(from: unknown): from is RequestFacts {
  return isObject(from) && isObject(from['req']) && isReader(from['req']['headers']) && isObject(from['url'])
}

function toSource(from: unknown): HeaderSource {
  // An event of h3 v1 has the request of Node, and so has a request of Fastify.
  const outer = isObject(from) ? from : {}
  const inner = isObject(outer['node']) ? outer['node']['req'] : outer['raw']
  const source = isObject(inner) ? inner : from
  if (isObject(source) && isObject(source['headers']) && !isPromise(source['headers'])) return source as never
  throw new TypeError(
    'The request must be an H3Event, a Request, a Node request, or an object with headers, which are a Headers or a ' +
      `record of strings${toHint(from)}`,
  )
}

const isPromise = (value: unknown) => isObject(value) && typeof value['then'] === 'function'

function toHint(from: unknown): string {
  if (isPromise(from) || (isObject(from) && isPromise(from['headers']))) return '; await the promise first'
  return isReader(from) ? '; give headers as { headers }' : ''
}

function toFacts(source: HeaderSource): RequestFacts {
  const headers = isReader(source.headers) ? source.headers : new RecordReader(source.headers)
  const method = source.method?.toUpperCase() ?? (headers.has('origin') ? 'POST' : 'GET')
  return { req: { method, headers }, url: toUrl(source, headers) }
}

function toUrl(source: HeaderSource, headers: HeaderReader): RequestFacts['url'] {
  const { url } = source
  const protocol = /^https?:(?=\/\/)/i.exec(url ?? '')?.[0].toLowerCase()
  if (url !== undefined && protocol !== undefined) return { protocol, href: url }
  const socket = 'socket' in source ? source.socket : undefined
  const own = isObject(socket) && socket['encrypted'] === true ? 'https:' : 'http:'
  return { protocol: own, href: `${own}//${headers.get('host') ?? headers.get(':authority') ?? ''}` }
}

/** Reads a record of headers when it is asked. Node's names are in lower case; other frameworks may use capitals. */
class RecordReader implements HeaderReader {
  readonly #record: HeaderRecord

  constructor(record: HeaderRecord) {
    this.#record = record
  }

  get(name: string): string | null {
    const value = this.#find(name)
    if (typeof value === 'string') return value
    return Array.isArray(value) ? value.join(name === 'cookie' ? '; ' : ', ') : null
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  #find(name: string): string | readonly string[] | undefined {
    if (Object.hasOwn(this.#record, name)) return this.#record[name]
    const other = Object.keys(this.#record).find((key) => key.length === name.length && key.toLowerCase() === name)
    return other === undefined ? undefined : this.#record[other]
  }
}
