import { Term } from '../terms/term.tsx'
import type { ChartLayout } from './layout-graph.ts'
import type { ChartLine, ChartState } from './to-graph.ts'

interface StateDetailsProps {
  readonly layout: ChartLayout
  readonly state: ChartState
  readonly isActive: boolean
}

/** The description of a state, the transitions that lead on from it, and those that stay in it, guards explained. */
export function StateDetails({ layout, state, isActive }: StateDetailsProps) {
  const onward = layout.transitions.flatMap(({ transition }) =>
    transition.source === state.id
      ? transition.lines.map((line) => ({ line, end: `→ ${transition.target.split('.').slice(1).join('.')}` }))
      : [],
  )
  const staying = state.internal.map((line) => ({
    line,
    end: line.actions.length ? `/ ${line.actions.join(', ')}` : 'stays',
  }))
  return (
    <div className="state-details">
      <p>
        <strong>{state.id.replace(/:any$/, ', in any state')}</strong>
        {isActive && <span className="badge">now</span>}
        {state.description && <span className="muted"> {state.description}</span>}{' '}
        <a href="/docs/statechart.md" target="_blank" rel="noreferrer">
          All states and transitions
        </a>
      </p>
      <ul>
        {[...onward, ...staying].map(({ line, end }) => (
          <li key={`${line.event} ${line.guards.join()} ${end}`}>
            <code>{line.event}</code> <Guards line={line} />
            <span className="muted">{end}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Guards of which one has to hold. One that is made of others is taken apart: `a and (b or not c)`. */
function Guards({ line: { guards } }: { line: ChartLine }) {
  if (guards.length === 0) return null
  const parts = [...`[${guards.join(' or ')}] `.matchAll(/\w+|\W+/g)].map(({ 0: part, index: at }) => ({ part, at }))
  return parts.map(({ part, at }) => (/^(is|has|may|can)[A-Z]/.test(part) ? <Term key={at} name={part} /> : part))
}
