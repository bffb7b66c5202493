import type { AnyActorRef, AnyEventObject, AnyStateMachine, InspectionEvent, Snapshot, StateValue } from 'xstate'
import { toArrowEnds, toArrowId } from './arrow-ends.ts'
import { toEventLabels } from './event-labels.ts'
import { toShownFields, toShownId, type Shown, type ShownFields } from './shown-fields.ts'
import { toDefinition } from './stately-json.ts'

/** An event with its type and the fields that may be shown. */
export interface ShownEvent {
  /** The type, or `[event]` if the actor declares no such type. */
  readonly type: string
  /** The type as a readable label, such as `verifyToken done`. */
  readonly label: string
  /** The fields that may be shown. */
  readonly fields: ShownFields
}

export interface ShownSnapshot {
  readonly status: Snapshot<unknown>['status']
  /** State of a machine; null for other actors. */
  readonly value: StateValue | null
  readonly context: ShownFields
}

/**
 * One change of an actor in a form that may leave this process: names, ids and times, but never a token, a claim, a
 * profile, or the input or output of an invoked actor. Both inspectors receive only such frames.
 */
export type InspectorFrame = {
  /** Epoch ms. */
  readonly at: number
  /** XState's session ids of the actor and of the root of its system. They are unique in the process. */
  readonly actor: string
  readonly root: string
  /** The actor's id: the session's channel in `authchart/h3`. */
  readonly name: string
  /** Id of the machine's definition; null for other actors. */
  readonly machine: string | null
} & (
  | { readonly type: 'actor'; readonly parent: string | null; readonly definition: string | null }
  | { readonly type: 'event'; readonly source: string | null; readonly event: ShownEvent }
  /** The arrows that one microstep took (`source -> target`). */
  | { readonly type: 'microstep'; readonly arrows: readonly string[] }
  | { readonly type: 'snapshot'; readonly event: ShownEvent; readonly snapshot: ShownSnapshot }
)

/**
 * Returns the part of XState's inspection event that may leave, or null for events that are not shown. It copies the
 * data at once, because the actor will have moved on later.
 */
export function toInspectorFrame(inspected: InspectionEvent, at: number): InspectorFrame | null {
  const actor = inspected.actorRef as AnyActorRef
  const machine = toMachine(actor)
  const base = {
    at,
    actor: actor.sessionId,
    root: inspected.rootId,
    name: toShownId(actor.id) ?? actor.sessionId,
    machine: machine && (toShownId(machine.id) ?? null),
  }
  switch (inspected.type) {
    case '@xstate.actor':
      return {
        ...base,
        type: 'actor',
        parent: actor._parent?.sessionId ?? null,
        definition: machine && toDefinition(machine),
      }
    case '@xstate.event':
      return {
        ...base,
        type: 'event',
        source: inspected.sourceRef?.sessionId ?? null,
        event: toShownEvent(inspected.event, machine),
      }
    case '@xstate.microstep':
      return { ...base, type: 'microstep', arrows: inspected._transitions.flatMap(toArrows) }
    case '@xstate.snapshot':
      return {
        ...base,
        type: 'snapshot',
        event: toShownEvent(inspected.event, machine),
        snapshot: toShownSnapshot(inspected.snapshot, machine),
      }
    default:
      return null
  }
}

/** Returns the actor's machine, if it runs one, from any copy of XState. */
function toMachine(actor: AnyActorRef): AnyStateMachine | null {
  const logic: unknown = 'logic' in actor ? actor.logic : null
  const isMachine = typeof logic === 'object' && logic !== null && 'root' in logic && 'definition' in logic
  return isMachine ? (logic as AnyStateMachine) : null
}

function toShownEvent(event: AnyEventObject, machine: AnyStateMachine | null): ShownEvent {
  const label = toEventLabels(machine).get(event.type)
  if (label === undefined) return { type: '[event]', label: '[event]', fields: {} }
  return { type: event.type, label, fields: toEventFields(event, machine) }
}

/**
 * Returns the fields of an event. The input and output of actors stay inside: an `xstate.` event of a machine shows at
 * most the code of its error.
 */
function toEventFields(event: AnyEventObject, machine: AnyStateMachine | null): Record<string, Shown> {
  if (!machine) return {}
  if (!event.type.startsWith('xstate.')) return toShownFields(event)
  return event.type.startsWith('xstate.error.') && 'error' in event ? toShownFields({ error: event['error'] }) : {}
}

function toShownSnapshot(snapshot: Snapshot<unknown>, machine: AnyStateMachine | null): ShownSnapshot {
  if (!machine) return { status: snapshot.status, value: null, context: {} }
  const { value, context } = snapshot as unknown as { value: StateValue; context: object }
  return { status: snapshot.status, value, context: toShownFields(context) }
}

function toArrows(transition: Parameters<typeof toArrowEnds>[0]): string[] {
  const ends = toArrowEnds(transition)
  return ends ? [toArrowId(ends.source, ends.target)] : []
}
