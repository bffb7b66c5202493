import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchServer, ServerReport } from './start-server.ts'

/** Returns the report of a server that has had time to finish its work. */
export async function settle(server: BenchServer): Promise<ServerReport> {
  await sleep(500)
  return server.collect()
}
