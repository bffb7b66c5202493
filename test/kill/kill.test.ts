import { describe, expect, it } from 'vitest'
import { findRedis } from '../store/redis-server.ts'
import { findSqliteNode } from '../store/sqlite-node.ts'
import { runKillRounds } from './kill-rounds.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const rounds = 20

describe.runIf(findRedis())('two nodes and a Redis that are killed at random moments', () => {
  it('lose no acknowledged sign-out and sign nobody in wrongly', { timeout: 180_000 }, async () => {
    const summary = await runKillRounds({ store: 'redis', rounds, seed })
    console.info(`kill: SEED=${seed} ${JSON.stringify(summary)}`)
    expect(summary).toMatchObject({ lostSignOuts: 0, wrongSignIns: 0, faults: [] })
    // Something was killed in every round.
    expect(summary.kills.node + summary.kills.redis).toBe(rounds)
    expect(summary.signIns.acknowledged).toBeGreaterThan(rounds)
    expect(summary.signOuts.acknowledged).toBeGreaterThan(rounds)
  })
})

describe.runIf(findSqliteNode())('a node on a file of SQLite that is killed at random moments', () => {
  it('loses no acknowledged sign-out and signs nobody in wrongly', { timeout: 180_000 }, async () => {
    const summary = await runKillRounds({ store: 'sqlite', rounds, seed })
    console.info(`kill: SEED=${seed} ${JSON.stringify(summary)}`)
    expect(summary).toMatchObject({ lostSignOuts: 0, wrongSignIns: 0, faults: [] })
    expect(summary.kills.node).toBe(rounds)
    expect(summary.signIns.acknowledged).toBeGreaterThan(rounds)
    expect(summary.signOuts.acknowledged).toBeGreaterThan(rounds)
  })
})
