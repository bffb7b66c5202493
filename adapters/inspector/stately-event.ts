import type { StatelyInspectionEvent } from '@statelyai/inspect'
import type { InspectorFrame, ShownEvent } from './inspector-frame.ts'

/** The version of the format, which is that of the `@statelyai/inspect` for which this is written. */
const version = '0.7.2'

/** Returns a frame as the Stately inspector accepts it, or null for a frame that it does not use. */
export function toStatelyEvent(frame: InspectorFrame): StatelyInspectionEvent | null {
  const base = { rootId: frame.root, sessionId: frame.actor, createdAt: String(frame.at), _version: version }
  // Stately's own adapters send null although the types ask for a string.
  const id = null as unknown as string
  switch (frame.type) {
    case 'actor': {
      const { name, parent, definition } = frame
      const snapshot = { status: 'active' } as const
      return {
        ...base,
        id,
        type: '@xstate.actor',
        name,
        parentId: parent ?? undefined,
        definition: definition ?? JSON.stringify({ id: name }),
        snapshot,
      }
    }
    case 'event':
      return { ...base, id, type: '@xstate.event', sourceId: frame.source ?? undefined, event: toEvent(frame.event) }
    case 'snapshot': {
      const { status, value, context } = frame.snapshot
      const snapshot = { status, ...(value !== null && { value, context }) } as never
      return { ...base, id, type: '@xstate.snapshot', event: toEvent(frame.event), snapshot }
    }
    default:
      return null
  }
}

const toEvent = ({ type, fields }: ShownEvent) => ({ ...fields, type })
