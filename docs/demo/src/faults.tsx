import { useAuth } from '@clerk/react'
import { useEffect, useState } from 'react'
import {
  fetchFaults,
  lastLifetime,
  postFault,
  type DemoConfig,
  type FaultRequest,
  type FaultState,
} from './demo-api.ts'
import { note } from './event-log.ts'
import { expireSession } from './expire-session.ts'
import { Outcome, type Result } from './outcome.tsx'

const settings: {
  name: keyof FaultState
  title: string
  hint: string
  choices: [FaultState[keyof FaultState], string][]
}[] = [
  {
    name: 'tokenEndpoint',
    title: 'Clerk’s token endpoint',
    hint: 'Without new tokens, the one in use runs out.',
    choices: [
      ['up', 'up'],
      ['failing', 'fails'],
      ['hanging', 'hangs'],
    ],
  },
  {
    name: 'keysEndpoint',
    title: 'Keys endpoint',
    hint: 'Take it down, then rotate the keys: no verdict is not a sign-out.',
    choices: [
      ['up', 'up'],
      ['down', 'down'],
    ],
  },
  {
    name: 'skew',
    title: 'Clerk’s clock',
    hint: 'Tokens that are off by more than the tolerance are refused.',
    choices: [
      [-120, '−2 min'],
      [0, 'right'],
      [120, '+2 min'],
    ],
  },
  {
    name: 'tokenLifetime',
    title: 'Token lifetime',
    hint: 'It counts for tokens that Clerk gives from now on.',
    choices: [
      [60, '60 s'],
      [30, '30 s'],
    ],
  },
]

/** What to expect of each action, told beside the buttons. */
const outcomes = {
  rotateKeys: 'The signing keys are new. The server fetches them when a token comes that is signed by one.',
  revokeSession: 'Clerk revoked the session and told the server by its webhook, so the session ends now.',
  dropStreams: 'The stream was cut. The tab opens another by itself.',
} as const

/** Ways to break the session on purpose. With the real Clerk only the stream can be broken from here. */
export function Faults({ config: { mode, clockTolerance } }: { config: DemoConfig }) {
  const [faults, setFaults] = useState<FaultState | null>(null)
  const [result, show] = useState<Result | null>(null)
  const fail = (error: unknown) => {
    note('you', String(error), 'bad')
    show({ text: String(error), tone: 'bad' })
  }
  // The token endpoint repairs itself after an expiry, so the switches are read again while it is down.
  const isDown = faults?.tokenEndpoint === 'failing'
  useEffect(() => {
    if (mode !== 'emulator') return undefined
    const load = () => void fetchFaults().then(setFaults, (error: unknown) => note('you', String(error), 'bad'))
    load()
    const timer = isDown ? setInterval(load, 2_000) : undefined
    return () => clearInterval(timer)
  }, [mode, isDown])

  const { isSignedIn, getToken } = useAuth()
  const attempt = (text: string, work: () => Promise<FaultState | null>) => {
    const succeed = (state: FaultState | null) => {
      setFaults(state)
      show({ text, tone: 'plain' })
      note('you', text)
    }
    work().then(succeed, fail)
  }
  const run = (text: string, request: FaultRequest) => attempt(text, () => postFault(request))
  return (
    <section className="card faults" aria-labelledby="faults-title">
      <h2 id="faults-title">Break it</h2>
      <div className="buttons">
        {mode === 'emulator' && (
          <>
            <button type="button" onClick={() => run(outcomes.rotateKeys, { do: 'rotateKeys' })}>
              Rotate keys
            </button>
            <button
              type="button"
              disabled={!isSignedIn}
              onClick={() => run(outcomes.revokeSession, { do: 'revokeSession' })}
            >
              Revoke session
            </button>
            <button
              type="button"
              disabled={!isSignedIn}
              onClick={() => attempt(toExpiryText(clockTolerance), () => expireSession(getToken))}
            >
              Let it expire
            </button>
          </>
        )}
        <button type="button" onClick={() => run(outcomes.dropStreams, { do: 'dropStreams' })}>
          Drop the stream
        </button>
      </div>
      <Outcome result={result} testId="fault-outcome" hint="Sign in, break something, and watch the chart." />
      {faults &&
        settings.map(({ name, title, hint, choices }) => (
          <fieldset key={name} className="setting">
            <legend>{title}</legend>
            <div className="segments">
              {choices.map(([value, text]) => (
                <button
                  key={text}
                  type="button"
                  aria-pressed={faults[name] === value}
                  onClick={() => run(`${title}: ${text}.`, { set: name, to: value } as FaultRequest)}
                >
                  {text}
                </button>
              ))}
            </div>
            <small className="muted">{hint}</small>
          </fieldset>
        ))}
    </section>
  )
}

function toExpiryText(clockTolerance: number): string {
  return `The token expires in ${lastLifetime} s and Clerk gives no other. The session ends ${clockTolerance} s later; then Clerk answers again.`
}
