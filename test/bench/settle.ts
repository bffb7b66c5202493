import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchServer, ServerReport } from './start-server.ts'

/** Returns the report of a server that has had time to finish its work. */
export async function settle(server: BenchServer): Promise<ServerReport> {
  await sleep(500)
  return server.collect()
}

/** Waits until the server has nothing left to do. */
export async function untilIdle(server: BenchServer): Promise<void> {
  let { cpu: before } = await server.report()
  for (;;) {
    await sleep(50)
    const { cpu } = await server.report()
    if (cpu - before < 5_000) return
    before = cpu
  }
}
