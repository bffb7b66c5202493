import { setUnrefTimeout } from '../timing/unref-clock.ts'
import type { Explainers } from './explainers.ts'
import type { OneTimeKeys } from './one-time-keys.ts'
import { toPageDocument, toRefusalDocument } from './page-document.ts'
import type { InspectedSession, InspectedStep, SessionLog } from './session-log.ts'

/** The page of an inspector, for a server to answer with. Who may ask is the server's business, who has a key is not. */
export interface LocalPage extends Pick<OneTimeKeys, 'exchange' | 'isCookie'> {
  /** The HTML document; scripts and styles carry the nonce. */
  toDocument(nonce: string): string
  /** The HTML document for those who have no key, or a used one. */
  toRefusal(nonce: string): string
  /** Sends server-sent events about all sessions, and about one in detail (by key or channel). → ends it */
  watch(id: string | null, send: (frame: string) => void): () => void
}

/** What one event of the page's stream says. Steps are those not sent before. */
export interface PageUpdate {
  readonly now: number
  readonly sessions: readonly InspectedSession[]
  /** Key of the session that `steps` are of. */
  readonly watched: string | null
  readonly steps: readonly InspectedStep[]
  /** Why the watched session is what it is now, in words; null where that is not known. */
  readonly explanation: string | null
}

export interface LocalPageOptions {
  readonly log: SessionLog
  readonly keys: OneTimeKeys
  readonly explainers: Explainers
  /** Epoch ms. */
  readonly now: () => number
}

/** What changes within so many ms is sent at once. */
const pace = 100

export function createLocalPage({ log, keys, explainers, now }: LocalPageOptions): LocalPage {
  return {
    exchange: (key) => keys.exchange(key),
    isCookie: (value) => keys.isCookie(value),
    toDocument: toPageDocument,
    toRefusal: toRefusalDocument,
    watch(id, send) {
      let watched: string | null = null
      let seq = 0
      let timer: ReturnType<typeof setTimeout> | null = null

      function update() {
        timer = null
        watched ??= (id === null ? toBusiest(log.sessions()) : log.find(id))?.key ?? null
        const steps = watched === null ? [] : log.steps(watched, seq)
        seq = steps.at(-1)?.seq ?? seq
        // JSON knows no raw line break, so the data stay on their line whatever is in them.
        const explanation = watched === null ? null : explainers.explain(watched)
        const data: PageUpdate = { now: now(), sessions: log.sessions(), watched, steps, explanation }
        send(`event: update\ndata: ${JSON.stringify(data)}\n\n`)
      }

      const unsubscribe = log.subscribe(() => {
        timer ??= setUnrefTimeout(update, pace)
      })
      update()
      return () => {
        unsubscribe()
        if (timer) clearTimeout(timer)
      }
    },
  }
}

/** The session that changed last, before the keys of which there is one set. */
function toBusiest(sessions: readonly InspectedSession[]): InspectedSession | undefined {
  return sessions.toSorted((a, b) => toRank(b) - toRank(a) || b.changedAt - a.changedAt)[0]
}

const toRank = ({ machine, isOver }: InspectedSession) => (machine === 'auth' ? 2 : 0) + (isOver ? 0 : 1)
