import type { RequestListener } from 'node:http'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'

export interface LateServer {
  /** Answers requests; none is answered before it is set. */
  handler: RequestListener
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

/** Starts a server on localhost whose handler comes later, since an app has to know its own origin. */
export async function startLateServer(): Promise<LateServer> {
  const server = await listenOnLoopback((request, response) => late.handler(request, response), 'localhost', 0)
  const { port } = server
  const late: LateServer = { handler: () => {}, port, url: `http://localhost:${port}`, close: () => server.close() }
  return late
}
