import type { SessionRecord } from '../../machines/session-record.ts'
import type { Tombstone, StoreChange } from '../hub/store/session-store.ts'
import { parseTombstone } from './parse-tombstone.ts'

type Rotated = Extract<StoreChange, { readonly type: 'rotated' }>

/** A message of one node to the others, as the scripts write it: `<kind> <id of the session, or -> <JSON>`. */
export interface StoreMessage {
  readonly kind: string
  /** Id of the session, or null if the message is about none. */
  readonly id: string | null
  /**
   * Parses the message; `now` is epoch ms.
   *
   * @throws Error if it is not a valid message
   */
  readonly toChange: (now: number) => StoreChange
}

/** Reads only the kind and the id, because most messages are about sessions that a node does not hold. */
export function readMessage(message: string): StoreMessage {
  const [kindEnd, idEnd] = [message.indexOf(' '), message.indexOf(' ', message.indexOf(' ') + 1)]
  const kind = message.slice(0, kindEnd)
  const id = message.slice(kindEnd + 1, idEnd)
  const text = message.slice(idEnd + 1)
  return {
    kind,
    id: id === '-' ? null : id,
    toChange: (now) => {
      if (kind === 'tombstone') return { type: 'tombstone', tombstone: requireTombstone(text, now) }
      const body: unknown = JSON.parse(text)
      if (kind === 'record') return { type: 'record', record: body as SessionRecord }
      if (kind === 'rotated') return { ...(body as Omit<Rotated, 'type' | 'id'>), type: 'rotated', id }
      throw new Error(`unknown kind of message: ${kind}`)
    },
  }
}

function requireTombstone(text: string, now: number): Tombstone {
  const tombstone = parseTombstone(text, now)
  if (!tombstone) throw new Error('a tombstone that is none')
  return tombstone
}
