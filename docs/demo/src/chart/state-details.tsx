import { toGuardText } from './chart-text.ts'
import type { ChartState } from './to-graph.ts'

/** Shows the details that do not fit into the picture: the description of a state and its internal transitions. */
export function StateDetails({ state, isActive }: { state: ChartState; isActive: boolean }) {
  return (
    <div className="state-details">
      <p>
        <strong>{state.id.replace(/:any$/, ', in any state')}</strong>
        {isActive && <span className="badge">now</span>}
        {state.description && <span className="muted"> {state.description}</span>}
      </p>
      {state.internal.length > 0 && (
        <ul>
          {state.internal.map((line) => (
            <li key={JSON.stringify(line)}>
              <code>{line.event}</code> <span className="muted">{toGuardText(line)}</span>
              <span className="muted">{line.actions.length ? ` / ${line.actions.join(', ')}` : ' stays'}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
