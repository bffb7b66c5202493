import type { InspectionEvent } from 'xstate'
import { containAsync } from '../contain-async.ts'
import type { LocalPage } from '../inspector/local-page.ts'
import type { Logger } from '../logger.ts'

export type Inspect = (event: InspectionEvent) => void

/** The inspection of machines: a function, or an inspector of `authchart/inspector`. */
export type InspectOption = Inspect | { readonly inspect: Inspect; readonly page?: LocalPage }

export function isInspectOption(option: unknown): boolean {
  if (typeof option === 'function') return true
  return typeof option === 'object' && option !== null && 'inspect' in option && typeof option.inspect === 'function'
}

/**
 * Combines the inspectors into one, or returns undefined if there are none. If one throws or rejects, the machine and
 * the other inspectors are not affected.
 */
export function toInspect(options: readonly InspectOption[], logger: Logger): Inspect | undefined {
  if (options.length === 0) return undefined
  const inspects = options.map((option) => (typeof option === 'function' ? option : option.inspect))
  const report = (error: unknown) => logger.error('inspector.failed', { error })
  return (event) => {
    for (const inspect of inspects) containAsync(() => inspect(event), report)
  }
}
