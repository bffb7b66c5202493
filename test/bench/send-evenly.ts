import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from './raw-http.ts'

/** Sends each request at its time within `span` ms. Each is a renewal that must be accepted. */
export async function sendEvenly(
  requests: readonly string[],
  pool: readonly Connection[],
  span: number,
): Promise<void> {
  const start = performance.now()
  const free = [...pool]
  const answers: Promise<void>[] = []
  const send = async (request: string, connection: Connection) => {
    const { status, body } = await connection.send(request)
    if (status !== 200) throw new Error(`a renewal was answered ${status}: ${body}`)
    free.push(connection)
  }
  for (const [n, request] of requests.entries()) {
    const due = start + (n / requests.length) * span
    while (performance.now() < due || free.length === 0) await sleep(Math.max(1, due - performance.now()))
    const connection = free.pop()!
    answers.push(send(request, connection))
  }
  await Promise.all(answers)
  await sleep(Math.max(0, start + span - performance.now()))
}
