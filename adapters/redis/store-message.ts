import type { SessionRecord } from '../../machines/session-record.ts'
import type { Grave, StoreChange } from '../hub/session-store.ts'

/** What one node tells the others, as the scripts write it: `<kind> <id of the session, or -> <JSON>`. */
export interface StoreMessage {
  /** The session it is about; null where it is about none. */
  readonly id: string | null
  /** Parses it. @throws Error where it is not one */
  readonly toChange: () => StoreChange
}

/** Of most messages a node needs to know only that they are about a session that it does not hold. */
export function readMessage(message: string): StoreMessage {
  const [kindEnd, idEnd] = [message.indexOf(' '), message.indexOf(' ', message.indexOf(' ') + 1)]
  const kind = message.slice(0, kindEnd)
  const id = message.slice(kindEnd + 1, idEnd)
  return {
    id: id === '-' ? null : id,
    toChange: () => {
      const body: unknown = JSON.parse(message.slice(idEnd + 1))
      if (kind === 'record') return { type: 'record', record: body as SessionRecord }
      if (kind === 'rotated') return { type: 'rotated', id, ...(body as { from: string | null; to: string }) }
      if (kind === 'grave') return { type: 'grave', grave: body as Grave }
      throw new Error(`unknown kind of message: ${kind}`)
    },
  }
}
