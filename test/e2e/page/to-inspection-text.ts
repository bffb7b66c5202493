import type { InspectionEvent } from 'xstate'

/** What an inspection event tells. The rest of it are actors and states, which refer to one another. */
export function toInspectionText({ type, ...told }: InspectionEvent): string {
  const { event, snapshot, action } = told as { event?: unknown; snapshot?: unknown; action?: unknown }
  return JSON.stringify({ type, event, snapshot, action })
}
