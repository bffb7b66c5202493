import {
  createActor,
  type AnyActorRef,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
} from 'xstate'

/** An action that a transition leaves to its host. */
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
 * XState's pure `initialTransition` and `transition`, which also return the transitions of the chart that were taken.
 * XState reports those only to inspectors of an actor, so this function uses an actor that it never starts.
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
