import type { AnyEventObject } from 'xstate'
import type { AuthContext } from '../../../machines/auth-context.ts'
import type { AuthEmitted } from '../../../machines/auth-events.ts'
import { projectView, type AuthViewOptions } from '../../../machines/auth-view.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import { andThen, orElse } from '../../eventual.ts'
import { createDeadlineQueue, type Deadline, type DeadlineQueue } from '../../timing/deadline-queue.ts'
import type { ChartEffect } from './chart-actions.ts'
import type { ChartState, ChartStep, CompiledChart } from './compile-chart.ts'
import type { HostCheck, HostOwner, SessionHost, SessionHostOptions, StartHost } from './session-host.ts'

/** A delayed event of a session. */
interface Delay extends Deadline {
  readonly host: SnapshotHost
  readonly id: string | undefined
  readonly event: AnyEventObject
  /** The one that was begun before it. */
  next: Delay | null
}

export interface SnapshotHostOptions extends SessionHostOptions {
  /** The auth machine. */
  readonly chart: CompiledChart<AuthContext>
}

/** The parts that all sessions of a node share. */
interface Runtime extends SnapshotHostOptions {
  /** The first step of every session, which does not depend on the time. */
  readonly start: ChartStep<AuthContext>
  readonly delays: DeadlineQueue<Delay>
}

/**
 * Creates hosts that hold a session as a plain snapshot, which the compiled auth machine moves. They run checks and
 * delays themselves, so an idle session needs a fraction of an actor's memory, and an event a fraction of its time.
 */
export function createSnapshotHosts(options: SnapshotHostOptions): StartHost {
  const runtime: Runtime = {
    ...options,
    start: options.chart.start(options.input),
    delays: createDeadlineQueue<Delay>((delay) => delay.host.wake(delay)),
  }
  return (_, owner) => new SnapshotHost(runtime, owner)
}

/** A check in the air. Most end before anything asks for their signal. */
class Check implements HostCheck {
  readonly id: string
  /** The event that tells the machine how the check ended, until the machine is told. */
  end: AnyEventObject | null = null
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

  get isAborted(): boolean {
    return this.#isAborted
  }

  abort() {
    this.#isAborted = true
    this.#controller?.abort()
  }
}

/** It is a class because a node holds very many: instances share methods, and each would need closures of its own. */
class SnapshotHost implements SessionHost {
  readonly #runtime: Runtime
  readonly #owner: HostOwner
  #context: AuthContext
  #state: ChartState
  /** The one begun last, and from there on: three at most, for which an array would take more room than they do. */
  #delays: Delay | null = null
  #check: Check | null = null
  /** Set while an event is worked on: what comes meanwhile waits here. */
  #mailbox: AnyEventObject[] | null = null
  #isStopped = false

  constructor(runtime: Runtime, owner: HostOwner) {
    const { state, context, effects } = runtime.start
    this.#runtime = runtime
    this.#owner = owner
    this.#context = context
    this.#state = state
    for (const effect of effects) this.#execute(effect)
  }

  send(event: AnyEventObject) {
    if (this.#mailbox) {
      this.#mailbox.push(event)
      return
    }
    this.#mailbox = [event]
    for (const next of this.#mailbox) {
      this.#take(next)
      // The end of a check that took no time comes before whatever the step has caused.
      for (let end = this.#takeEnd(); end; end = this.#takeEnd()) this.#take(end)
    }
    this.#mailbox = null
  }

  #take(event: AnyEventObject) {
    try {
      if (!this.#isStopped) this.#step(event)
    } catch (error) {
      this.#runtime.onError('session.failed', error)
    }
  }

  #takeEnd(): AnyEventObject | null {
    const end = this.#check?.end ?? null
    if (end) this.#check = null
    return end
  }

  view(options: AuthViewOptions) {
    return projectView(this.#state, this.#context, options)
  }

  stop() {
    this.#isStopped = true
    for (let delay = this.#delays; delay; delay = delay.next) this.#runtime.delays.delete(delay)
    this.#delays = null
    this.#abortCheck()
  }

  /** Called when a delay has passed. */
  wake(delay: Delay) {
    this.#forget(delay)
    this.send(delay.event)
  }

  #step(event: AnyEventObject) {
    const { state, context, effects } = this.#runtime.chart.step(this.#state, this.#context, event)
    const isChanged = state !== this.#state || context !== this.#context
    this.#state = state
    this.#context = context
    for (const effect of effects) this.#execute(effect)
    if (isChanged) this.#owner.receive({ type: 'view.changed' })
  }

  #execute(effect: ChartEffect) {
    switch (effect.type) {
      case 'delay':
        return this.#arm(effect)
      case 'cancel':
        return this.#disarm(effect.id)
      case 'emit':
        return this.#owner.receive(effect.event as AuthEmitted)
      case 'invoke':
        return this.#startCheck(effect.id, effect.input as { readonly token: BearerToken })
      case 'stop':
        return this.#check?.id === effect.id ? this.#abortCheck() : undefined
    }
  }

  #arm({ event, id, delay }: Extract<ChartEffect, { readonly type: 'delay' }>) {
    if (id !== undefined) this.#disarm(id)
    const { delays } = this.#runtime
    this.#delays = { due: performance.now() + delay, place: -1, host: this, id, event, next: this.#delays }
    delays.add(this.#delays)
  }

  #disarm(id: string) {
    for (let delay = this.#delays; delay; delay = delay.next) {
      if (delay.id !== id) continue
      this.#runtime.delays.delete(delay)
      return this.#forget(delay)
    }
  }

  #forget(delay: Delay) {
    if (this.#delays === delay) this.#delays = delay.next
    for (let other = this.#delays; other; other = other.next) if (other.next === delay) other.next = delay.next
  }

  #startCheck(id: string, { token }: { readonly token: BearerToken }) {
    const check = new Check(id)
    this.#check = check
    const end = orElse<AnyEventObject, AnyEventObject>(
      () => andThen(this.#runtime.verifyToken(token, check), (output) => ({ type: `xstate.done.actor.${id}`, output })),
      (error) => ({ type: `xstate.error.actor.${id}`, error }),
    )
    void andThen(end, (event) => this.#endCheck(check, event))
  }

  #endCheck(check: Check, event: AnyEventObject) {
    if (this.#check !== check) return
    check.end = event
    if (!this.#mailbox) this.send(this.#takeEnd()!)
  }

  #abortCheck() {
    this.#check?.abort()
    this.#check = null
  }
}
