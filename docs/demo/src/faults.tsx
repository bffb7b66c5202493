import { useAuth } from '@clerk/react'
import { useEffect, useState } from 'react'
import { fetchFaults, postFault } from './demo-api.ts'
import type { DemoConfig, FaultRequest, FaultState } from './demo-api.ts'
import { note } from './event-log.ts'
import { expireSession } from './expire-session.ts'

const settings: {
  name: keyof FaultState
  title: string
  hint: string
  choices: [FaultState[keyof FaultState], string][]
}[] = [
  {
    name: 'tokenEndpoint',
    title: 'Clerk’s token endpoint',
    hint: 'Cut it off, and a good token runs out.',
    choices: [
      ['up', 'up'],
      ['failing', '503'],
      ['hanging', 'hangs'],
    ],
  },
  {
    name: 'keysEndpoint',
    title: 'Keys endpoint',
    hint: 'Then rotate the keys: undecided is not signed out.',
    choices: [
      ['up', 'up'],
      ['down', 'down'],
    ],
  },
  {
    name: 'skew',
    title: 'Clerk’s clock',
    hint: 'Beyond the tolerance its tokens are refused.',
    choices: [
      [-120, '−2 min'],
      [0, 'right'],
      [120, '+2 min'],
    ],
  },
  {
    name: 'tokenLifetime',
    title: 'Token lifetime',
    hint: 'Of tokens from now on.',
    choices: [
      [60, '60 s'],
      [30, '30 s'],
    ],
  },
]

/** Offers ways to break the session on purpose. With the real Clerk only the stream can be broken from here. */
export function Faults({ mode }: { mode: DemoConfig['mode'] }) {
  const [faults, setFaults] = useState<FaultState | null>(null)
  useEffect(() => {
    if (mode === 'emulator') fetchFaults().then(setFaults, (error: unknown) => note('you', String(error), 'bad'))
  }, [mode])

  const { isSignedIn, getToken } = useAuth()
  const attempt = (text: string, work: () => Promise<FaultState | null>) => {
    note('you', text)
    work().then(setFaults, (error: unknown) => note('you', String(error), 'bad'))
  }
  const run = (text: string, request: FaultRequest) => attempt(text, () => postFault(request))
  return (
    <section className="card faults" aria-labelledby="faults-title">
      <h2 id="faults-title">Break it</h2>
      <div className="buttons">
        {mode === 'emulator' && (
          <>
            <button type="button" onClick={() => run('rotate the signing keys', { do: 'rotateKeys' })}>
              Rotate keys
            </button>
            <button type="button" onClick={() => run('revoke the session at Clerk', { do: 'revokeSession' })}>
              Revoke session
            </button>
            <button
              type="button"
              disabled={!isSignedIn}
              onClick={() => attempt('a last token for 5 s, and no other', () => expireSession(getToken))}
            >
              Let it expire
            </button>
          </>
        )}
        <button type="button" onClick={() => run('drop the stream', { do: 'dropStreams' })}>
          Drop the stream
        </button>
      </div>
      {faults &&
        settings.map(({ name, title, hint, choices }) => (
          <fieldset key={name} className="setting">
            <legend>{title}</legend>
            <div className="segments" role="radiogroup" aria-label={title}>
              {choices.map(([value, text]) => (
                <button
                  key={text}
                  type="button"
                  role="radio"
                  aria-checked={faults[name] === value}
                  onClick={() => run(`${title}: ${text}`, { set: name, to: value } as FaultRequest)}
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
