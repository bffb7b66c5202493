import { createActor, fromTransition } from 'xstate'

/** The source of an entry: the machine on the server, the one in this tab, the view frames, Clerk, or this page. */
export type LogSource = 'server' | 'browser' | 'view' | 'Clerk' | 'you'

export interface LogEntry {
  readonly id: number
  /** The time by the clock of this page, epoch ms. */
  readonly at: number
  readonly source: LogSource
  readonly text: string
  readonly tone: 'plain' | 'good' | 'bad'
}

const longest = 200

/** Keeps the log of all events, newest first. */
export const eventLog = createActor(
  fromTransition(
    (entries: readonly LogEntry[], event: { type: 'noted'; entry: LogEntry } | { type: 'cleared' }) =>
      event.type === 'cleared' ? [] : [event.entry, ...entries].slice(0, longest),
    [],
  ),
).start()

let lastId = 0

export function note(source: LogSource, text: string, tone: LogEntry['tone'] = 'plain'): void {
  lastId += 1
  eventLog.send({ type: 'noted', entry: { id: lastId, at: Date.now(), source, text, tone } })
}
