import { createClerkEmulator } from '../kit/index.ts'
import type { Ground, Site } from './checks/check.ts'
import { checkNames, checks, type CheckName } from './checks/index.ts'
import { party } from './fixture/settings.ts'
import { createHttpBrowser, type HttpBrowser } from './http-browser.ts'
import { startServer, type RunningServer } from './running-server.ts'
import type { Runtime } from './runtimes.ts'

/** Time that a check may take, ms. */
const checkWithin = 60_000
/** Three pings take 45 s, and a runtime may notice with a ping that a reader has left. */
const longer: Partial<Record<CheckName, number>> = { 'idle stream': 90_000, 'reader leaves': 90_000 }

/** What came of a check. `cannot` failed as the table of runtimes says. */
export type Result = 'yes' | 'no' | 'cannot' | 'undetermined'

export interface Outcome {
  readonly name: string
  readonly title: string
  readonly results: Readonly<Record<CheckName, Result>>
  /** What was wrong, by check. */
  readonly failures: readonly string[]
}

/** Runs the suite against a server on a runtime. */
export async function checkRuntime(name: string, runtime: Runtime, folder: string): Promise<Outcome> {
  const clerk = await createClerkEmulator({
    host: '127.0.0.1',
    appOrigin: party,
    users: [{ id: 'user_ada', email: 'ada@example.test' }],
  })
  const results = {} as Record<CheckName, Result>
  const failures: string[] = []

  async function attempt(shared: RunningServer, check: CheckName): Promise<void> {
    if (runtime.undetermined?.includes(check)) return void (results[check] = 'undetermined')
    const browsers: HttpBrowser[] = []
    const started: RunningServer[] = []
    const toSite = ({ origin }: RunningServer): Site => ({
      origin,
      clerk,
      browser(basePath) {
        const browser = createHttpBrowser(origin, basePath)
        browsers.push(browser)
        return browser
      },
    })
    const ground: Ground = {
      ...toSite(shared),
      async start(stores) {
        const server = await startServer({ runtime, folder, clerk, stores })
        started.push(server)
        return { ...toSite(server), stop: server.stop }
      },
    }
    const failure = await within(longer[check] ?? checkWithin, checks[check](ground)).then(
      () => null,
      (error: unknown) => String(error instanceof Error ? (error.stack ?? error) : error),
    )
    for (const browser of browsers) browser.close()
    await Promise.all(started.map((server) => server.stop()))
    const reason = runtime.cannot?.[check]
    results[check] = failure === null ? 'yes' : reason ? 'cannot' : 'no'
    if (failure !== null && !reason) failures.push(`${check}: ${failure}`)
    if (failure === null && reason) failures.push(`${check}: it works now, so that «${reason}» is wrong`)
  }

  try {
    const shared = await startServer({ runtime, folder, clerk })
    try {
      // An idle stream takes long, and disturbs no other check.
      const held = attempt(shared, 'idle stream')
      for (const check of checkNames) {
        if (check === 'close') await held
        if (check !== 'idle stream') await attempt(shared, check)
      }
    } finally {
      await shared.stop()
    }
  } finally {
    await clerk.close()
  }
  return { name, title: runtime.title, results, failures }
}

async function within(limit: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It took longer than ${limit} ms`)), limit)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
