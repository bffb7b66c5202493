import type { InspectionEvent } from 'xstate'

/**
 * Returns the parts of an inspection event that can be serialized. The others are actors and states, which refer to
 * one another.
 */
export function toInspectionText({ type, ...told }: InspectionEvent): string {
  const { event, snapshot, action } = told as { event?: unknown; snapshot?: unknown; action?: unknown }
  return JSON.stringify({ type, event, snapshot, action })
}
