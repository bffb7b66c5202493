import { setUnrefTimeout } from '../timing/unref-clock.ts'
import type { Explainers } from './explainers.ts'
import type { OneTimeKeys } from './one-time-keys.ts'
import { toPageDocument, toRefusalDocument } from './page-document.ts'
import type { InspectedSession, InspectedStep, SessionLog } from './session-log.ts'

/** The page of an inspector, for a server to serve. The server decides who may ask for it; the page checks the key. */
export interface LocalPage extends Pick<OneTimeKeys, 'exchange' | 'isCookie'> {
  /** Returns the HTML document. Its scripts and styles carry the nonce. */
  toDocument(nonce: string): string
  /** Returns the HTML document for a browser without a key or with a used one. */
  toRefusal(nonce: string): string
  /**
   * Sends server-sent events about all sessions, and about one in detail (by key or channel).
   *
   * @returns A function that ends them.
   */
  watch(id: string | null, send: (frame: string) => void): () => void
}

/** One event of the page's stream. `steps` are those that were not sent before. */
export interface PageUpdate {
  readonly now: number
  readonly sessions: readonly InspectedSession[]
  /** Key of the session to which `steps` belong. */
  readonly watched: string | null
  readonly steps: readonly InspectedStep[]
  /** The explanation of the watched session's current state in words; null if it is not known. */
  readonly explanation: string | null
}

export interface LocalPageOptions {
  readonly log: SessionLog
  readonly keys: OneTimeKeys
  readonly explainers: Explainers
  /** Epoch ms. */
  readonly now: () => number
}

/** Changes within this time, ms, are sent together. */
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
        // JSON contains no raw line breaks, so the data stay on one line.
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

/** Returns the session that changed last. Sessions come before the keys, of which there is only one set. */
function toBusiest(sessions: readonly InspectedSession[]): InspectedSession | undefined {
  return sessions.toSorted((a, b) => toRank(b) - toRank(a) || b.changedAt - a.changedAt)[0]
}

const toRank = ({ machine, isOver }: InspectedSession) => (machine === 'auth' ? 2 : 0) + (isOver ? 0 : 1)
