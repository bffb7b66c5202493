import { toArrowEnds, toArrowId } from 'authchart/inspector'
import type { InspectedMicrostepEvent } from 'xstate'

/** Returns the ids of the arrows that one microstep took. Transitions without a target have no arrow. */
export function toTakenArrows({ _transitions }: InspectedMicrostepEvent): string[] {
  return _transitions.flatMap((transition) => {
    const ends = toArrowEnds(transition)
    return ends ? [toArrowId(ends.source, ends.target)] : []
  })
}
