import type { StateValue } from 'xstate'
import type { InspectorFrame, ShownEvent, ShownSnapshot } from './inspector-frame.ts'
import type { ShownFields } from './shown-fields.ts'

/** One event that a machine processed, and the result. */
export interface InspectedStep {
  /** Number of the step, counted from 1 and including steps that were dropped since. */
  readonly seq: number
  /** Epoch ms. */
  readonly at: number
  /** The event. */
  readonly event: ShownEvent
  /** State after the step. */
  readonly value: StateValue
  /** The part of the context that may be shown. */
  readonly context: ShownFields
  /** The arrows that the step took, in order. */
  readonly arrows: readonly string[]
}

/** One running machine: in `authchart/h3` a session, or the signing keys. */
export interface InspectedSession {
  /** The key for `steps` of the inspector. */
  readonly key: string
  /** The channel of the session, else the id of the actor. */
  readonly name: string
  /** Id of the machine: `auth`, `jwks`. */
  readonly machine: string
  /** Moment of the first step, epoch ms. */
  readonly startedAt: number
  /** Moment of the last step, epoch ms. */
  readonly changedAt: number
  /** True if the machine has stopped. */
  readonly isOver: boolean
  /** State of the machine. */
  readonly value: StateValue
  /** Clerk's id of the user; null if no user is signed in. */
  readonly userId: string | null
  /** Number of steps so far. */
  readonly steps: number
}

/** The last steps of the last sessions. */
export interface SessionLog {
  note(frame: InspectorFrame): void
  /** Returns the sessions in the order in which they were first seen. */
  sessions(): readonly InspectedSession[]
  /** Finds a session by key or name. */
  find(id: string): InspectedSession | undefined
  /** Returns the kept steps after `seq`. */
  steps(key: string, seq?: number): readonly InspectedStep[]
  /**
   * Calls the listener after each new step.
   *
   * @returns A function that unsubscribes.
   */
  subscribe(listener: () => void): () => void
}

export interface SessionLogLimits {
  /**
   * Number of sessions to keep. Beyond it, the session that ended longest ago is dropped, or else the longest idle one.
   */
  readonly sessions: number
  /** Number of steps to keep of each session. Beyond it, the oldest is dropped. */
  readonly events: number
}

interface Entry {
  session: InspectedSession
  readonly steps: InspectedStep[]
  arrows: string[]
}

export function createSessionLog(limits: SessionLogLimits): SessionLog {
  const entries = new Map<string, Entry>()
  const listeners = new Set<() => void>()

  function open(frame: InspectorFrame, machine: string): Entry {
    const { actor: key, name, at } = frame
    const session = {
      key,
      name,
      machine,
      startedAt: at,
      changedAt: at,
      isOver: false,
      value: {},
      userId: null,
      steps: 0,
    }
    const entry: Entry = { session, steps: [], arrows: [] }
    if (entries.size >= limits.sessions) entries.delete(toLeastWanted())
    entries.set(key, entry)
    return entry
  }

  function toLeastWanted(): string {
    const [least] = [...entries.values()]
      .map(({ session }) => session)
      .toSorted((a, b) => Number(b.isOver) - Number(a.isOver) || a.changedAt - b.changedAt)
    return least?.key ?? ''
  }

  function add(entry: Entry, at: number, event: ShownEvent, { status, value, context }: ShownSnapshot) {
    const { session, steps, arrows } = entry
    const seq = session.steps + 1
    entry.arrows = []
    steps.push({ seq, at, event, value: value ?? {}, context, arrows })
    if (steps.length > limits.events) steps.shift()
    entry.session = {
      ...session,
      changedAt: at,
      isOver: status !== 'active',
      value: value ?? {},
      userId: typeof context['userId'] === 'string' ? context['userId'] : null,
      steps: seq,
    }
  }

  return {
    note(frame) {
      if (frame.machine === null || frame.type === 'event') return
      const entry = entries.get(frame.actor) ?? open(frame, frame.machine)
      if (frame.type === 'microstep') entry.arrows.push(...frame.arrows)
      else if (frame.type === 'snapshot') {
        add(entry, frame.at, frame.event, frame.snapshot)
        for (const listener of listeners) listener()
      }
    },
    sessions: () => Array.from(entries.values(), ({ session }) => session),
    find: (id) => entries.get(id)?.session ?? [...entries.values()].find(({ session }) => session.name === id)?.session,
    steps: (key, seq = 0) => entries.get(key)?.steps.filter((step) => step.seq > seq) ?? [],
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
