import { readFileSync } from 'node:fs'

/** Returns the README's code block whose first line names this file. */
export function readmeSnippet(name: string): string {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const blocks = readme.matchAll(/```tsx?\n(\/\/ (\S+)\n[\s\S]*?)```/g)
  const found = [...blocks].find(([, , title]) => title === name)?.[1]
  if (!found) throw new Error(`README.md has no code block titled ${name}`)
  return found
}
