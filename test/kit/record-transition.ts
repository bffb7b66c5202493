import { createActor } from 'xstate'
import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition } from 'xstate'

/** An action as a transition leaves it to its host. */
interface LeftAction {
  readonly type: string
  readonly params: unknown
}

export interface RecordedTransition<TSnapshot> {
  readonly snapshot: TSnapshot
  readonly actions: readonly LeftAction[]
  /** The transitions of the chart that were taken, in order. */
  readonly transitions: readonly AnyTransitionDefinition[]
}

/**
 * XState's pure `initialTransition` and `transition`, which also tell which transitions of the chart were taken: XState
 * says so only to inspectors of an actor, so there is an actor here that is never started.
 */
export function createTransitionRecorder<TMachine extends AnyStateMachine>(machine: TMachine) {
  type TSnapshot = ReturnType<TMachine['getInitialSnapshot']>
  let transitions: AnyTransitionDefinition[] = []
  let actions: LeftAction[] = []
  const self = createActor(machine as AnyStateMachine, {
    inspect: (event) => {
      if (event.type === '@xstate.microstep') transitions.push(...event._transitions)
    },
  })
  const scope = {
    self: self as AnyActorRef,
    system: self.system,
    id: '',
    sessionId: '',
    defer: () => {},
    logger: () => {},
    stopChild: () => {},
    emit: () => {},
    actionExecutor: (action: LeftAction) => void actions.push(action),
  }

  const record = (move: () => AnyMachineSnapshot): RecordedTransition<TSnapshot> => {
    transitions = []
    actions = []
    const snapshot = move() as TSnapshot
    return { snapshot, actions, transitions }
  }
  return {
    start: (input: unknown) => record(() => machine.getInitialSnapshot(scope as never, input)),
    step: (snapshot: TSnapshot, event: AnyEventObject) =>
      record(() => machine.transition(snapshot as never, event, scope as never)),
  }
}
