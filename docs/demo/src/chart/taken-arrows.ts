import type { InspectedMicrostepEvent } from 'xstate'
import { toArrowEnds, toArrowId } from 'authchart/inspector'

/** The ids of the arrows that one microstep took; transitions that stay where they are have none. */
export function toTakenArrows({ _transitions }: InspectedMicrostepEvent): string[] {
  return _transitions.flatMap((transition) => {
    const ends = toArrowEnds(transition)
    return ends ? [toArrowId(ends.source, ends.target)] : []
  })
}
