import type { PageUpdate } from '../local-page.ts'
import { byId } from './elements.ts'

const link = byId('link')

export interface Stream {
  /** Watches another session. */
  watch(key: string): void
}

/**
 * Opens the stream of updates from the server, about all sessions and in detail about one. If an update does not follow
 * on the one before, the stream starts again from the first kept step.
 */
export function openStream(onUpdate: (update: PageUpdate, isFirst: boolean) => void): Stream {
  let source: EventSource | undefined
  let watched: string | null = null

  function open() {
    source?.close()
    const current = new EventSource(
      `inspect/events${watched === null ? '' : `?session=${encodeURIComponent(watched)}`}`,
    )
    source = current
    let isFirst = true
    let last = 0
    current.addEventListener('open', () => {
      isFirst = true
      show('live')
    })
    current.addEventListener('update', ({ data }: MessageEvent<string>) => {
      const update = JSON.parse(data) as PageUpdate
      const [next] = update.steps
      // The server drops steps that a slow reader does not take.
      if (!isFirst && next && next.seq !== last + 1) return open()
      watched = update.watched ?? watched
      last = update.steps.at(-1)?.seq ?? (isFirst ? 0 : last)
      onUpdate(update, isFirst)
      isFirst = false
    })
    current.addEventListener('error', () => {
      if (source === current) show(current.readyState === EventSource.CLOSED ? 'closed' : 'connecting')
    })
  }

  open()
  return {
    watch(key) {
      watched = key
      open()
    },
  }
}

const words = { live: 'live', connecting: 'reconnecting …', closed: 'closed: the server wants a new link' }

function show(state: keyof typeof words): void {
  link.dataset['link'] = state
  link.textContent = words[state]
}
