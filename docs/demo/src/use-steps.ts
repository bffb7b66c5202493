import { useEffect, useState } from 'react'
import type { Step } from './demo-api.ts'
import { note } from './event-log.ts'
import { useMedia } from './use-media.ts'

/** How long one state stays lit at least, ms: a check of a token takes less than anyone can see. */
const shortestGlow = 380
/** With more steps waiting than this, the picture skips to the end. */
const longestQueue = 10

/** The last steps of the server's machines; null before the first. */
export interface ServerSteps {
  readonly session: Step | null
  readonly keys: Step | null
}

/**
 * The server's machines, step by step; that of the session slowed down so that the eye can follow. The feed is open
 * only while the page is visible: browsers grant one host six connections over HTTP/1.1, over all tabs.
 *
 * @param channel the server session to follow; the feed is opened anew when it changes
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

/** A state value on one line: `signedIn.current`. */
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
