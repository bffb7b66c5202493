import { openBrowser } from './browser.ts'
import { toStreamRequest } from './requests.ts'
import { untilIdle } from './settle.ts'
import type { Reader } from './start-reader.ts'
import type { BenchServer } from './start-server.ts'
import type { TokenMint } from './tokens.ts'

/** Many streams of one session. */
export interface Audience {
  /**
   * Sends this many views to all streams.
   *
   * @returns the server's CPU for one view, µs
   */
  measure(firstSerial: number, views: number): Promise<number>
  stop(): Promise<void>
}

export interface AudienceOptions {
  readonly server: BenchServer
  readonly mint: TokenMint
  readonly size: number
  /**
   * The process that reads the streams. Without one they have no sockets, and the data written to them is dropped.
   */
  readonly reader?: Reader
}

export async function openAudience({ server, mint, size, reader }: AudienceOptions): Promise<Audience> {
  const { port } = server
  const browser = await openBrowser(server, mint, 0)
  // The browser's own stream is one of them.
  const others = Array.from({ length: size - 1 }, (_, n) =>
    toStreamRequest({ port, tab: `other-${n}`, cookie: browser.cookie }),
  )
  if (reader) await reader.open(port, others)
  else await server.openPipes(others)

  return {
    async measure(firstSerial, views) {
      const serials = Array.from({ length: views }, (_, n) => firstSerial + n + 1)
      const posts = await Promise.all(serials.map(async (serial) => browser.toPost(await mint.mint(0, serial))))
      const before = await server.report()
      for (const [n, post] of posts.entries()) {
        const mark = mint.toMark(serials[n] ?? 0)
        const look = await reader?.lookOut(mark, size - 1)
        await browser.post(post, mark)
        // Without sockets nothing tells when the last frame is written.
        await (look?.seen ?? untilIdle(server))
      }
      return ((await server.report()).cpu - before.cpu) / views
    },
    async stop() {
      browser.destroy()
      reader?.stop()
      await server.stop()
    },
  }
}
