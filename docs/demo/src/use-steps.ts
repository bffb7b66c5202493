import { useEffect, useState } from 'react'
import type { Step } from './demo-api.ts'
import { note } from './event-log.ts'
import { useMedia } from './use-media.ts'

/** The minimum time for which a state is lit, in ms. A check of a token is too fast to be seen. */
const shortestGlow = 380
/** If more steps than this are waiting, the picture skips to the last one. */
const longestQueue = 10

/** The last steps of the server's machines. A step is null before the first one. */
export interface ServerSteps {
  readonly session: Step | null
  readonly keys: Step | null
}

/**
 * Follows the server's machines step by step. The steps of the session's machine are slowed down so that they can be
 * seen. The feed is open only while the page is visible, because browsers open six HTTP/1.1 connections to one host
 * for all tabs together.
 *
 * @param channel the server session to follow; the feed is opened again when it changes
 */
export function useSteps(channel: string): ServerSteps {
  const [session, show] = useState<Step | null>(null)
  const [keys, showKeys] = useState<Step | null>(null)
  const isHidden = useIsHidden()
  const isStill = useMedia('(prefers-reduced-motion: reduce)')

  useEffect(() => {
    if (isHidden || !channel) return undefined
    let queue: Step[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const play = () => {
      const step = queue.shift()
      timer = step && setTimeout(play, shortestGlow)
      if (step) show(step)
    }
    const source = new EventSource('/demo/steps')
    source.addEventListener('step', ({ data }: MessageEvent<string>) => {
      const step = JSON.parse(data) as Step
      if (step.event) note('server', toText(step))
      if (isStill || !step.event) return show(step)
      queue.push(step)
      if (queue.length > longestQueue) queue = queue.slice(-1)
      if (timer === undefined) play()
    })
    source.addEventListener('keys', ({ data }: MessageEvent<string>) => showKeys(JSON.parse(data) as Step))
    return () => {
      clearTimeout(timer)
      source.close()
    }
  }, [channel, isHidden, isStill])
  return { session, keys }
}

function toText({ event, value }: Step): string {
  const name = event
    .replace(/^xstate\.done\.actor\..*/, 'check done')
    .replace(/^xstate\.error\.actor\..*/, 'check failed')
    .replace(/^xstate\.after\.([^.]+)\..*/, 'after $1')
  return `${name} → ${toStateText(value)}`
}

/** Writes a state value on one line, for example `signedIn.current`. */
export function toStateText(value: Step['value']): string {
  if (typeof value === 'string') return value
  return Object.entries(value)
    .map(([key, inner]) => (inner === undefined ? key : `${key}.${toStateText(inner)}`.replace(/\.$/, '')))
    .join(', ')
}

function useIsHidden(): boolean {
  const [isHidden, setHidden] = useState(document.hidden)
  useEffect(() => {
    const update = () => setHidden(document.hidden)
    document.addEventListener('visibilitychange', update)
    return () => document.removeEventListener('visibilitychange', update)
  }, [])
  return isHidden
}
