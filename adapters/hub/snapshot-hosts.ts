import type { AnyActorRef, ExecutableActionObject } from 'xstate'
import type { AuthEmitted } from '../../machines/auth-events.ts'
import type { AuthSnapshot } from '../../machines/auth.machine.ts'
import { projectView } from '../../machines/auth-view.ts'
import type { AuthViewOptions } from '../../machines/auth-view.ts'
import type { BearerToken } from '../../machines/bearer-token.ts'
import { createAuthStepper } from './auth-stepper.ts'
import type { AuthMachineEvent, AuthShape, AuthStepper } from './auth-stepper.ts'
import { createDeadlineQueue } from './deadline-queue.ts'
import type { Deadline, DeadlineQueue } from './deadline-queue.ts'
import type { HostOwner, SessionHost, SessionHostOptions, StartHost } from './session-host.ts'

/** A delayed event of a session. */
interface Delay extends Deadline {
  readonly host: SnapshotHost
  readonly id: string
  readonly event: AuthMachineEvent
}

/** What all sessions of a node share. */
interface Runtime extends SessionHostOptions {
  readonly stepper: AuthStepper
  readonly delays: DeadlineQueue<Delay>
}

/**
 * → a function that holds one session as a plain snapshot, moved by the auth machine's pure transition function. Checks
 * and delays are run from here, so that an idle session costs a fraction of an actor's memory, and an event of its time.
 */
export function createSnapshotHosts(options: SessionHostOptions): StartHost {
  const runtime: Runtime = {
    ...options,
    stepper: createAuthStepper(options.input),
    delays: createDeadlineQueue<Delay>((delay) => delay.host.wake(delay)),
  }
  return (_, owner) => new SnapshotHost(runtime, owner)
}

/** A check in the air. Most are over before anybody asks for their signal, which costs more than they do. */
class Check {
  readonly id: string
  #controller: AbortController | null = null
  #isAborted = false

  constructor(id: string) {
    this.id = id
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isAborted) this.#controller.abort()
    return this.#controller.signal
  }

  abort() {
    this.#isAborted = true
    this.#controller?.abort()
  }
}

/** A class, since a node holds very many: methods are shared where closures would be made anew for each. */
class SnapshotHost implements SessionHost {
  readonly #runtime: Runtime
  readonly #owner: HostOwner
  #context: AuthSnapshot['context']
  #shape: AuthShape
  /** Replaced rather than changed, and never spread: a list that grows takes room for sixteen more. */
  #delays: readonly Delay[] = []
  #check: Check | null = null
  /** Set while an event is worked on: what comes meanwhile waits here. */
  #mailbox: AuthMachineEvent[] | null = null
  #isStopped = false

  constructor(runtime: Runtime, owner: HostOwner) {
    const [snapshot, actions] = runtime.stepper.initial
    this.#runtime = runtime
    this.#owner = owner
    this.#context = snapshot.context
    this.#shape = runtime.stepper.toShape(snapshot) ?? snapshot
    for (const action of actions) this.#execute(action)
  }

  send(event: AuthMachineEvent) {
    if (this.#mailbox) {
      this.#mailbox.push(event)
      return
    }
    this.#mailbox = [event]
    for (const next of this.#mailbox) {
      try {
        if (!this.#isStopped) this.#step(next)
      } catch (error) {
        this.#runtime.onError('session.failed', error)
      }
    }
    this.#mailbox = null
  }

  view(options: AuthViewOptions) {
    return projectView(this.#shape, this.#context, options)
  }

  stop() {
    this.#isStopped = true
    for (const delay of this.#delays) this.#runtime.delays.delete(delay)
    this.#delays = []
    this.#abortCheck()
  }

  /** A delay is over. */
  wake(delay: Delay) {
    this.#delays = this.#delays.toSpliced(this.#delays.indexOf(delay), 1)
    this.send(delay.event)
  }

  #step(event: AuthMachineEvent) {
    const { stepper } = this.#runtime
    const before = { ...this.#shape, context: this.#context } as AuthSnapshot
    const [snapshot, actions] = stepper.step(before, event)
    this.#context = snapshot.context
    this.#shape = stepper.toShape(snapshot) ?? snapshot
    for (const action of actions) this.#execute(action)
    if (snapshot !== before) this.#owner.receive({ type: 'view.changed' })
  }

  /** The machine's own actions are pure; what is left to do is what XState itself would do for them. */
  #execute({ type, params, exec }: ExecutableActionObject) {
    switch (type) {
      case 'xstate.raise':
        return this.#arm(params as { event: AuthMachineEvent; id: string; delay?: number })
      case 'xstate.cancel':
        return this.#disarm((params as { sendId: string }).sendId)
      case 'xstate.emit':
        return this.#owner.receive((params as { event: AuthEmitted }).event)
      case 'xstate.spawnChild':
        return this.#startCheck(params as { id: string; input: { token: BearerToken } })
      case 'xstate.stopChild':
        return this.#check?.id === (params as AnyActorRef).id ? this.#abortCheck() : undefined
      default:
        if (exec) throw new Error(`The auth machine's action ${type} cannot be run on a snapshot`)
        return undefined
    }
  }

  #arm({ event, id, delay }: { event: AuthMachineEvent; id: string; delay?: number }) {
    if (delay === undefined) return
    this.#disarm(id)
    const item: Delay = { due: performance.now() + delay, place: -1, host: this, id, event }
    this.#delays = this.#delays.concat(item)
    this.#runtime.delays.add(item)
  }

  #disarm(id: string) {
    const index = this.#delays.findIndex((item) => item.id === id)
    const delay = this.#delays[index]
    if (!delay) return
    this.#delays = this.#delays.toSpliced(index, 1)
    this.#runtime.delays.delete(delay)
  }

  #startCheck({ id, input }: { id: string; input: { token: BearerToken } }) {
    const check = new Check(id)
    this.#check = check
    const settle = (event: AuthMachineEvent) => {
      if (this.#check !== check) return
      this.#check = null
      this.send(event)
    }
    this.#runtime.verifyToken(input.token, check).then(
      (output) => settle({ type: `xstate.done.actor.${id}`, output } as AuthMachineEvent),
      (error: unknown) => settle({ type: `xstate.error.actor.${id}`, error } as AuthMachineEvent),
    )
  }

  #abortCheck() {
    this.#check?.abort()
    this.#check = null
  }
}
