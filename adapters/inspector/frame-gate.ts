import type { InspectorFrame } from './inspector-frame.ts'

/** Selects the sessions to show. With both fields, a session must match both. */
export interface SessionFilter {
  /** The `view.channel` of the session, or the id of any root actor. */
  readonly channel?: string
  /** The id of a user. A session is shown once this user is signed in, including its earlier events. */
  readonly userId?: string
}

export type PassFrame = (frame: InspectorFrame) => void

/** Number of frames kept per actor system, and of systems, while it is not known yet if they will pass. */
const most = { frames: 200, systems: 100 }

/**
 * Creates a function that passes on the frames of the selected sessions, including those from before the session was
 * known to be selected.
 */
export function createFrameGate({ channel, userId }: SessionFilter, pass: PassFrame): PassFrame {
  const open = new Set<string>()
  const waiting = new Map<string, InspectorFrame[]>()

  const mayPass = (frame: InspectorFrame) =>
    channel === undefined || waiting.has(frame.root) || (frame.actor === frame.root && frame.name === channel)

  const isAskedFor = (held: readonly InspectorFrame[]) =>
    held.some(isUse) && (userId === undefined || held.some((frame) => isOf(frame, userId)))

  function hold(frame: InspectorFrame): readonly InspectorFrame[] {
    const held = waiting.get(frame.root) ?? []
    held.push(frame)
    // The first frames describe the actors, so they are kept.
    if (held.length > most.frames) held.splice(held.findIndex(({ type }) => type !== 'actor') || 1, 1)
    waiting.set(frame.root, held)
    const [oldest] = waiting.keys()
    if (waiting.size > most.systems && oldest !== undefined) waiting.delete(oldest)
    return held
  }

  return (frame) => {
    const { root } = frame
    if (open.has(root)) pass(frame)
    else if (mayPass(frame)) {
      const held = hold(frame)
      if (isAskedFor(held)) {
        open.add(root)
        waiting.delete(root)
        for (const each of held) pass(each)
      }
    }
    if (isEnd(frame)) {
      open.delete(root)
      waiting.delete(root)
    }
  }
}

/**
 * False as long as a client is created but not started. React's StrictMode creates two and starts one; the other one
 * would be shown for good without doing anything.
 */
function isUse(frame: InspectorFrame): boolean {
  return frame.machine !== 'sync' || (frame.type === 'event' && frame.event.type === 'client.started')
}

/** True if the frame shows the user signed in, in the server's machine or in the client's view. */
function isOf(frame: InspectorFrame, userId: string): boolean {
  if (frame.type !== 'snapshot') return false
  const { context } = frame.snapshot
  const { view } = context
  return context['userId'] === userId || (typeof view === 'object' && view?.['userId'] === userId)
}

function isEnd(frame: InspectorFrame): boolean {
  return frame.type === 'snapshot' && frame.actor === frame.root && frame.snapshot.status !== 'active'
}
