import { useSelector } from '@xstate/react'
import { authMachine, jwksMachine, syncMachine } from 'authchart'
import { useAuthClient, useAuthState } from 'authchart/react'
import { useState } from 'react'
import { Statechart } from './chart/statechart.tsx'
import { useArrows } from './use-arrows.ts'
import { toStateText, useSteps } from './use-steps.ts'

const tabs = [
  { id: 'auth', title: 'Server session', machine: authMachine, where: 'one per browser session, on the server' },
  { id: 'sync', title: 'Browser sync', machine: syncMachine, where: 'one per tab, in this page' },
  { id: 'jwks', title: 'Signing keys', machine: jwksMachine, where: 'one per key source, on the server' },
] as const

/** Shows the running machines. */
export function ChartCard() {
  const [tabId, setTab] = useState<(typeof tabs)[number]['id']>('auth')
  const client = useAuthClient()
  const channel = useAuthState((view) => view.channel)
  const steps = useSteps(channel)
  const syncValue = useSelector(client.actor, ({ value }) => value)
  const syncArrows = useArrows(client.actor)
  const lit = { auth: steps.session, sync: { value: syncValue, arrows: syncArrows }, jwks: steps.keys }[tabId]
  const tab = tabs.find(({ id }) => id === tabId)!
  return (
    <section className="card chart" aria-labelledby="chart-title">
      <header className="card-head">
        <div>
          <h2 id="chart-title">
            <code>{tab.machine.id}Machine</code> <span className="muted">{tab.where}</span>
          </h2>
          <p className="chart-now" data-testid="chart-now">
            {lit ? toStateText(lit.value) : '…'}
          </p>
        </div>
        <div className="tabs" role="group" aria-label="Machines">
          {tabs.map(({ id, title }) => (
            <button key={id} type="button" aria-pressed={id === tabId} onClick={() => setTab(id)}>
              {title}
            </button>
          ))}
        </div>
      </header>
      <Statechart machine={tab.machine} value={lit?.value ?? null} taken={lit?.arrows ?? []} />
    </section>
  )
}
