/** Measures what the inspector costs a server that has loaded its module and leaves it off. */
import { toRatioRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { measureThroughput } from './post-to-frame.ts'

export const inspectorOff: Bench = {
  rows: ['inspector-off/none'],
  async run({ mint: { options }, mint }) {
    const { throughput, cpu } = await measureThroughput(mint, [
      { name: 'off', contender: 'authchart', options: { ...options, loadsInspector: true } },
      { name: 'none', contender: 'authchart', options },
    ])
    const byCpu = toRatioRow('inspector-off/none', cpu.none, cpu.off).ratio
    const note = `by the server's CPU alone ${byCpu.toFixed(2)}`
    return [{ ...toRatioRow('inspector-off/none', throughput.off, throughput.none), note }]
  },
}
