import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** React 18, and what imports React in the tests, in the versions of the repository. */
const dependencies = {
  '@clerk/clerk-react': '5.61.11',
  '@clerk/react': '6.18.0',
  '@testing-library/dom': '10.4.1',
  '@testing-library/react': '16.3.3',
  '@xstate/react': '6.1.0',
  react: '18.3.1',
  'react-dom': '18.3.1',
  xstate: '5.33.3',
}

/** The binding, hydration in Chromium, and both of Clerk's packages with the clerk-js of each. */
const tests = ['test/react', 'test/e2e/hydration.test.tsx', 'test/e2e/sign-in.test.ts', 'test/e2e/sign-out.test.ts']

/**
 * Runs the tests of the React binding again with React 18.3.
 *
 * @returns What the tests or the installation said, if they failed.
 */
export async function checkReact18(folder: string): Promise<string | undefined> {
  const project = join(folder, 'react-18')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, dependencies }))
  const run = promisify(execFile)
  try {
    const install = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
    await run('npm', install, { cwd: project })
    const vitest = ['vitest', 'run', '--config', 'test/vitest.config.ts', '--maxWorkers=1', ...tests]
    const env = { ...process.env, REACT_FOLDER: project }
    await run('npx', vitest, { cwd: root, env, maxBuffer: 1e8 })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    return `${String(error)}\n${stdout}${stderr}`.slice(-4000)
  }
  return undefined
}
