import { request as askHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as askHttps } from 'node:https'

export interface ProbeRequest {
  readonly method?: 'GET' | 'POST' | 'OPTIONS'
  /** The path below the base path, with the query, such as `/session`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
  /** The wait for the headers of the answer, ms. Default: that of the probe. */
  readonly timeout?: number
}

/** An answer with the part of its body that was read. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The object in a JSON body; otherwise an object without fields. */
  readonly json: Readonly<Record<string, unknown>>
  /** True if the answer is a problem document (RFC 9457), as authchart sends them. */
  readonly isProblem: boolean
}

/** Sends requests to the app from outside, each over a connection of its own, as different browsers do. */
export interface Probe {
  /** The address of the app. */
  readonly url: URL
  /** Rejects if the server cannot be reached or does not answer in time. */
  send(request: ProbeRequest): Promise<Answer>
  /** Resolves with the answer as soon as its headers are there. The caller has to destroy it. */
  open(request: ProbeRequest): Promise<IncomingMessage>
}

export interface ProbeOptions {
  readonly url: URL
  readonly basePath: string
  /** The wait for an answer, ms. */
  readonly timeout: number
}

/** More of a body is not read, bytes. */
const maxBody = 65_536

export function createProbe({ url, basePath, timeout: usual }: ProbeOptions): Probe {
  const prefix = `${url.pathname.replace(/\/$/, '')}${basePath}`

  function open({ method = 'GET', path, headers, body, timeout = usual }: ProbeRequest): Promise<IncomingMessage> {
    const text = body && JSON.stringify(body)
    const target = new URL(`${prefix}${path}`, url)
    const ask = url.protocol === 'https:' ? askHttps : askHttp
    return new Promise((resolve, reject) => {
      const request = ask(target, {
        method,
        // A connection of its own may reach another node behind a load balancer.
        agent: false,
        headers: { ...headers, ...(text !== undefined && { 'content-type': 'application/json' }) },
      })
      const timer = setTimeout(
        () => request.destroy(new Error(`there is no answer within ${timeout / 1_000} s`)),
        timeout,
      )
      request.once('close', () => clearTimeout(timer))
      request.once('error', reject)
      request.once('response', (response) => {
        clearTimeout(timer)
        resolve(response)
      })
      request.end(text)
    })
  }

  const send = async (request: ProbeRequest) => readAnswer(await open(request), usual)

  return { url, send, open }
}

/** Reads an answer to its end. @throws Error if it does not end in time */
export async function readAnswer(response: IncomingMessage, timeout: number): Promise<Answer> {
  const timer = setTimeout(() => response.destroy(new Error('the answer does not end')), timeout)
  try {
    let text = ''
    response.setEncoding('utf8')
    for await (const chunk of response) {
      text += String(chunk)
      if (text.length > maxBody) break
    }
    const { statusCode: status = 0, headers } = response
    const isProblem = headers['content-type']?.startsWith('application/problem+json') === true
    return { status, headers, json: toObject(text), isProblem }
  } finally {
    clearTimeout(timer)
    response.destroy()
  }
}

/** Returns the object in a JSON text. Anything else gives an object without fields. */
export function toObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

/** Returns a field of an answer that should be a string. */
export function toText({ json }: Pick<Answer, 'json'>, field: string): string {
  const value = json[field]
  return typeof value === 'string' ? value : ''
}
