import type { InspectorFrame } from './inspector-frame.ts'

/** Whose session to show; with both, one that is both. */
export interface SessionFilter {
  /** `view.channel` of the session, or the id of any root actor. */
  readonly channel?: string
  /** From the moment this user is signed in, with what led there. */
  readonly userId?: string
}

export type PassFrame = (frame: InspectorFrame) => void

/** Frames kept of an actor system, and systems, of which it is still to be seen whether they will pass. */
const most = { frames: 200, systems: 100 }

/** → passes on the frames of the sessions asked for, those from before it was known to be one included. */
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
    // The first frames say what the actors are, and are kept.
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
 * False as long as a client is made and not started. React's StrictMode makes two and starts one: the other would be
 * shown for good, doing nothing.
 */
function isUse(frame: InspectorFrame): boolean {
  return frame.machine !== 'sync' || (frame.type === 'event' && frame.event.type === 'client.started')
}

/** The user is signed in by then: to the server's machine, or in the view that the client's has. */
function isOf(frame: InspectorFrame, userId: string): boolean {
  if (frame.type !== 'snapshot') return false
  const { context } = frame.snapshot
  const { view } = context
  return context['userId'] === userId || (typeof view === 'object' && view?.['userId'] === userId)
}

function isEnd(frame: InspectorFrame): boolean {
  return frame.type === 'snapshot' && frame.actor === frame.root && frame.snapshot.status !== 'active'
}
