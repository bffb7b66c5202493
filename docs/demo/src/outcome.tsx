import { Term } from './terms/term.tsx'

/** The result of the last thing that was tried in a card. `code` is explained where it is shown. */
export interface Result {
  readonly text: string
  readonly code?: string
  readonly tone: 'plain' | 'good' | 'bad'
}

/** Shows a result beside the buttons, and tells a screen reader. The element is always there, as live regions need. */
export function Outcome({ result, hint, testId }: { result: Result | null; hint: string; testId: string }) {
  return (
    <p className="outcome" role="status" data-tone={result?.tone ?? 'plain'} data-testid={testId}>
      {result ? (
        <>
          {result.text} {result.code && <Term name={result.code} />}
        </>
      ) : (
        <span className="muted">{hint}</span>
      )}
    </p>
  )
}
