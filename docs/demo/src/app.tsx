import { Attacks } from './attacks.tsx'
import { ChartCard } from './chart-card.tsx'
import { Claims } from './claims.tsx'
import { Comparison } from './comparison.tsx'
import type { DemoConfig } from './demo-api.ts'
import { EventLogList } from './event-log-list.tsx'
import { Faults } from './faults.tsx'
import { SessionCard } from './session-card.tsx'
import { TopBar } from './top-bar.tsx'
import { useNotes } from './use-notes.ts'
import { Why } from './why.tsx'

export function App({ config }: { config: DemoConfig }) {
  useNotes()
  return (
    <>
      <TopBar mode={config.mode} />
      <main className="layout">
        <div className="column is-side">
          <SessionCard user={config.user} />
          <Attacks />
          <Faults config={config} />
          <Comparison clockTolerance={config.clockTolerance} />
          <Claims />
        </div>
        <div className="column is-main">
          <ChartCard />
          <Why />
          <EventLogList />
        </div>
      </main>
    </>
  )
}
