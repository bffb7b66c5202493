import type { AuthContext } from '../../../machines/auth-context.ts'
import { authMachine } from '../../../machines/auth.machine.ts'
import { createActorHosts, type ActorHostOptions } from './actor-host.ts'
import { compileChart } from './compile-chart.ts'
import type { StartHost } from './session-host.ts'
import { createSnapshotHosts } from './snapshot-host.ts'

export interface HostsOptions extends ActorHostOptions {
  /**
   * Called where the chart could not be compiled, so that every session has an actor, which needs more memory and time.
   */
  readonly onUncompiled: () => void
  /** Default {@link compileChart}. */
  readonly compile?: typeof compileChart<AuthContext>
}

/**
 * Sessions have actors where somebody inspects them, and where this version of XState makes machines that cannot be
 * compiled. Else the compiled chart moves their snapshots.
 */
export function createHosts({ onUncompiled, compile = compileChart, ...options }: HostsOptions): StartHost {
  if (options.inspect) return createActorHosts(options)
  const chart = compile(authMachine)
  if (chart) return createSnapshotHosts({ ...options, chart })
  onUncompiled()
  return createActorHosts(options)
}
