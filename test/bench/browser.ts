import { connect, openStream } from './raw-http.ts'
import { toStreamRequest, toTokenRequest } from './requests.ts'
import type { BenchServer } from './start-server.ts'
import type { TokenMint } from './tokens.ts'

/** A signed-in browser with one tab, which has a stream and a connection for its POSTs. */
export interface Browser {
  readonly user: number
  readonly cookie: string
  /** Prepares a POST of a token. */
  toPost(token: string): string
  /** Sends a prepared POST, and waits for the answer and for the frame that contains `mark`. */
  post(request: string, mark: string): Promise<void>
  destroy(): void
}

export async function openBrowser(server: BenchServer, mint: TokenMint, user: number): Promise<Browser> {
  const { name, port } = server
  const tab = `tab-${user}`
  const [stream, connection] = await Promise.all([
    openStream(port, toStreamRequest({ port, tab, token: await mint.mint(user, 0) })),
    connect(port),
  ])
  const { cookie } = stream
  if (cookie === undefined) throw new Error(`${name} set no cookie`)
  return {
    user,
    cookie,
    toPost: (token) => toTokenRequest(name, { port, tab, cookie, token }),
    async post(request, mark) {
      const [{ status, body }] = await Promise.all([connection.send(request), stream.seen(mark)])
      if (status !== 200) throw new Error(`${name} answered ${status}: ${body}`)
    },
    destroy() {
      stream.destroy()
      connection.destroy()
    },
  }
}
