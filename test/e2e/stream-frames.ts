import type { AuthView } from 'authchart/client'
import type { Exchange } from './wire-tap.ts'

export interface Frame {
  readonly event: string
  readonly data: unknown
}

/** Returns the whole frames that a stream has carried so far. */
export function framesOf({ answer }: Exchange): Frame[] {
  return answer
    .split('\n\n')
    .slice(0, -1)
    .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2))))
    .filter((fields) => 'event' in fields)
    .map(({ event, data }) => ({ event, data: JSON.parse(data) }))
}

export const viewsOf = (exchange: Exchange): AuthView[] =>
  framesOf(exchange).flatMap(({ event, data }) => (event === 'view' ? [data as AuthView] : []))
