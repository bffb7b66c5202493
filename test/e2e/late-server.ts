import type { RequestListener } from 'node:http'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'

export interface LateServer {
  /** Answers requests. Requests that arrive before it is set get no answer. */
  handler: RequestListener
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

/** Starts a server on localhost whose handler is set later, because an app has to know its own origin first. */
export async function startLateServer(): Promise<LateServer> {
  const server = await listenOnLoopback((request, response) => late.handler(request, response), 'localhost', 0)
  const { port } = server
  const late: LateServer = { handler: () => {}, port, url: `http://localhost:${port}`, close: () => server.close() }
  return late
}
