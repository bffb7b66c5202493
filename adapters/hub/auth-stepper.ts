import { createActor } from 'xstate'
import type { ExecutableActionObject } from 'xstate'
import type { AuthInput } from '../../machines/auth-context.ts'
import type { AuthEvent } from '../../machines/auth-events.ts'
import { authMachine } from '../../machines/auth.machine.ts'
import type { AuthSnapshot } from '../../machines/auth.machine.ts'

/** What the auth machine takes: what may be sent, and what its checks and delays come back with. */
export type AuthMachineEvent = AuthEvent | { readonly type: `xstate.${string}` }

/** What a step leads to, and what is to be done for it, in this order. */
export type AuthStep = readonly [snapshot: AuthSnapshot, actions: readonly ExecutableActionObject[]]

/** The auth machine as a pure function. */
export interface AuthStepper {
  /** How every session begins: nothing in it depends on when. */
  readonly initial: AuthStep
  step(snapshot: AuthSnapshot, event: AuthMachineEvent): AuthStep
  /**
   * What a snapshot has in common with every other one in the same state, which sessions at rest share: all but its
   * context. Null while a check runs, for then it has an actor of its own.
   */
  toShape(snapshot: AuthSnapshot): AuthShape | null
}

/** A snapshot without its context. */
export type AuthShape = Omit<AuthSnapshot, 'context'>

type AuthScope = Parameters<typeof authMachine.transition>[2]

/**
 * XState's `initialTransition` and `transition`, which build a new actor for each call only to have a scope to run the
 * machine in: here one scope serves all calls, at a third of the time.
 */
export function createAuthStepper(input: AuthInput): AuthStepper {
  const self = createActor(authMachine, { input })
  let actions: ExecutableActionObject[] = []
  const scope: AuthScope = {
    self,
    id: self.id,
    sessionId: self.sessionId,
    system: self.system,
    logger() {},
    defer() {},
    emit() {},
    stopChild() {},
    actionExecutor: (action) => void actions.push(action),
  }
  const run = (move: () => AuthSnapshot): AuthStep => {
    actions = []
    return [move(), actions]
  }
  const shapes = new Map<string, AuthShape>()

  return {
    initial: run(() => authMachine.getInitialSnapshot(scope, input)),
    step: (snapshot, event) => run(() => authMachine.transition(snapshot, event as AuthEvent, scope)),
    toShape(snapshot) {
      for (const _ in snapshot.children) return null
      const state = JSON.stringify(snapshot.value)
      const known = shapes.get(state)
      if (known) return known
      const { context: _, ...shape } = snapshot
      shapes.set(state, shape)
      return shape
    },
  }
}
