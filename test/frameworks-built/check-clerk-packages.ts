import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Clerk's packages for React, whose `useAuth` has to suit `AuthProvider`. */
export const clerkPackages: Readonly<Record<string, string>> = {
  '@clerk/react': '6.18.0',
  '@clerk/clerk-react': '5.61.11',
  '@clerk/nextjs': '7.9.17',
  '@clerk/react-router': '3.6.24',
  '@clerk/tanstack-react-start': '1.5.15',
}

/** What the packages ask for, so that their declarations are whole. */
const peers = {
  '@tanstack/react-router': '1.170.46',
  '@tanstack/react-start': '1.169.5',
  '@types/react': '19.3.0',
  '@xstate/react': '6.1.0',
  next: '16.4.6',
  react: '19.3.1',
  'react-dom': '19.3.1',
  'react-router': '7.18.4',
  typescript: '5.9.3',
  xstate: '5.33.3',
}

const compilerOptions = {
  target: 'ES2022',
  lib: ['ES2023', 'DOM', 'DOM.Iterable'],
  module: 'ESNext',
  moduleResolution: 'Bundler',
  jsx: 'react-jsx',
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
}

/**
 * Type-checks `<AuthProvider useAuth={useAuth}>` with each of them, against the packed package.
 *
 * @returns What the compiler or the installation said, if it failed.
 */
export async function checkClerkPackages(folder: string, tarball: string): Promise<string | undefined> {
  const project = join(folder, 'clerk-packages')
  mkdirSync(project)
  const dependencies = { ...clerkPackages, ...peers, authchart: `file:${tarball}` }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.tsx'] }))
  for (const name of Object.keys(clerkPackages)) {
    const text = `import { useAuth } from '${name}'
import { AuthProvider } from 'authchart/react'
export const app = <AuthProvider useAuth={useAuth} />
`
    writeFileSync(join(project, `${name.replace('@clerk/', '')}.tsx`), text)
  }
  const run = (command: string, ...args: string[]) => promisify(execFile)(command, args, { cwd: project })
  try {
    await run('npm', 'install', '--prefer-offline', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund')
    await run('npx', 'tsc', '-p', '.', '--pretty', 'false')
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    return `${String(error)}\n${stdout}${stderr}`.slice(0, 4000)
  }
  return undefined
}
