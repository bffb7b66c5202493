import type { InspectedMicrostepEvent } from 'xstate'
import { toArrowId, toEnds } from './to-graph.ts'

/** The ids of the arrows that one microstep took; transitions that stay where they are have none. */
export function toTakenArrows({ _transitions }: InspectedMicrostepEvent): string[] {
  return _transitions.flatMap((transition) => {
    const ends = toEnds(transition)
    return ends ? [toArrowId(ends.source, ends.target)] : []
  })
}
