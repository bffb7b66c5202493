import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchServer, ServerReport } from './start-server.ts'

/** The report of a server that has had the time to put away what it was doing. */
export async function settle(server: BenchServer): Promise<ServerReport> {
  await sleep(500)
  return server.collect()
}
