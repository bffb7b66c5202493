import { readFileSync } from 'node:fs'

/** The majors of Node that the package promises to run on. The first one is the lowest in `engines`. */
export const nodeMajors = [20, 22, 24] as const

/** The minors of TypeScript that the declarations are checked with. */
export const typeScriptVersions = ['5.5', '5.9', '7.0'] as const

/** The packages that the smoke test and the snippets need beside the tarball, in the versions of this repository. */
export function peersToInstall(): string[] {
  const manifest: { devDependencies: Record<string, string>; peerDependencies: Record<string, string> } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  // better-sqlite3 is built on installation, and a Node from 22.13 on does not need it.
  const peers = Object.keys(manifest.peerDependencies).filter((name) => name !== 'better-sqlite3')
  return [...peers, 'react-dom', 'svelte', '@types/node', '@types/react'].map(
    (name) => `${name}@${manifest.devDependencies[name]}`,
  )
}
