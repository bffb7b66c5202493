import { setTimeout as sleep } from 'node:timers/promises'
import { failureBody } from './clerk-failure.ts'
import { jsonResponse } from './json-response.ts'

/** A failure of requests to one path. A request under a fault with only `delay` is answered normally, but late. */
export interface Fault {
  /**
   * A prefix of the path, with or without `/fapi`, `/bapi` and `/v1`: `/v1/jwks`, `/bapi/v1/users`, `/client`. A
   * regular expression is matched against the whole path, which begins with `/fapi` or `/bapi`: `/\/tokens$/`,
   * `/\/v1\/client$/`.
   */
  path: string | RegExp
  /** HTTP method, after clerk-js's `_method` override. Default: any. */
  method?: string
  /** The number of requests to which the fault applies. Default: no limit. */
  times?: number
  /** Milliseconds to wait before anything else. */
  delay?: number
  /** The status of the answer. The body defaults to Clerk's error shape. */
  status?: number
  /**
   * The body of the answer: a text is sent as it is, any other value as JSON. The status is 200 unless `status` is set.
   */
  body?: unknown
  /** Headers of that answer, for example `{ 'retry-after': '3' }`. */
  headers?: Record<string, string>
  /** Cuts the connection without an answer. */
  drop?: boolean
  /** Never answers (`headers`), or sends the head and one byte and then nothing more (`body`), until `close()`. */
  stall?: 'headers' | 'body'
}

/** The effect of a fault on a request: an answer instead of the real one, a cut connection, or none. */
export type FaultOutcome = Response | 'drop' | undefined

export type Faults = ReturnType<typeof createFaults>

/** The list of faults. The first one that matches a request applies. */
export function createFaults(closed: AbortSignal) {
  let active: { fault: Fault; left: number }[] = []

  const add = (fault: Fault) => {
    const { times = Number.POSITIVE_INFINITY } = fault
    if (!(times > 0)) throw new TypeError('addFault: times must be at least 1')
    const entry = { fault, left: times }
    active.push(entry)
    return () => {
      active = active.filter((other) => other !== entry)
    }
  }

  return {
    add,
    clear() {
      active = []
    },
    /** Applies the first fault that matches, and counts it. */
    async hit(method: string, path: string): Promise<FaultOutcome> {
      const entry = active.find(({ fault, left }) => left > 0 && matches(fault, method, path))
      if (!entry) return undefined
      entry.left -= 1
      return apply(entry.fault, closed)
    },
  }
}

function matches(fault: Fault, method: string, path: string): boolean {
  if (fault.method && fault.method.toUpperCase() !== method) return false
  if (typeof fault.path !== 'string')
    return new RegExp(fault.path.source, fault.path.flags.replace(/[gy]/g, '')).test(path)
  const withoutApi = path.replace(/^\/[fb]api/, '')
  return [path, withoutApi, withoutApi.replace(/^\/v1/, '')].some((form) => form.startsWith(fault.path as string))
}

async function apply(fault: Fault, closed: AbortSignal): Promise<FaultOutcome> {
  if (fault.delay) await sleep(fault.delay, undefined, { signal: closed }).catch(() => undefined)
  if (fault.stall === 'headers' || closed.aborted) {
    await aborted(closed)
    return 'drop'
  }
  if (fault.drop) return 'drop'
  if (fault.stall === 'body') return stalledBody(closed, fault)
  if (fault.status === undefined && fault.body === undefined) return undefined

  const status = fault.status ?? 200
  const body = fault.body === undefined ? failureBody('emulated_fault', 'A fault was asked for') : fault.body
  return typeof body === 'string'
    ? new Response(body, { status, headers: { 'content-type': 'application/json', ...fault.headers } })
    : jsonResponse(body, status, fault.headers)
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

function stalledBody(closed: AbortSignal, { status = 200, headers }: Fault): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{'))
      closed.addEventListener('abort', () => controller.error(closed.reason), { once: true })
    },
  })
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } })
}
