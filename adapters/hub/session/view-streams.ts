import type { AuthView } from '../../../machines/auth-view.ts'
import type { ByeReason } from '../../../machines/sync/sync-events.ts'
import type { EncodeView, ViewStream } from './view-stream.ts'

export interface ViewSource {
  view(): AuthView
  readonly encode: EncodeView
}

const none: readonly ViewStream[] = []
/** How many streams are written to in one turn of the event loop. */
const batchSize = 64

/** The streams of one session. */
export class ViewStreams {
  readonly #source: ViewSource
  /** It is a list because most sessions have one stream and none has many. */
  #streams = none
  #sentRev = 0
  /** The streams that a later turn sends the view of `#sentRev`. */
  #waiting = none
  #scheduled: NodeJS.Immediate | null = null

  constructor(source: ViewSource) {
    this.#source = source
  }

  /**
   * Sends the stream the current view, and every later one. A tab reads one stream, so the stream that it had before is
   * ended: a lost connection may look open for many minutes.
   */
  add(stream: ViewStream) {
    // All streams are sent one view, because a proof may expire between two views.
    const view = this.#source.view()
    this.flush(view)
    const before = this.find(stream.tab)
    if (before) this.delete(before)
    this.#streams = this.#streams.concat(stream)
    stream.send(this.#encode(view))
    before?.destroy()
  }

  /** @returns the stream of a tab; a stream without a tab matches none */
  find(tab: string | undefined): ViewStream | undefined {
    return tab === undefined ? undefined : this.#streams.find((stream) => stream.tab === tab)
  }

  delete(stream: ViewStream) {
    const index = this.#streams.indexOf(stream)
    if (index >= 0) this.#streams = this.#streams.toSpliced(index, 1)
  }

  /** Sends a changed view at the end of this tick, so that several changes within one tick are sent once. */
  push() {
    if (this.#scheduled || this.#streams.length === 0) return
    this.#scheduled = setImmediate(() => this.flush())
  }

  /** Sends `view`, which must be the current one, at once if it was not sent yet. */
  flush(view = this.#source.view()) {
    if (this.#scheduled) clearImmediate(this.#scheduled)
    this.#scheduled = null
    if (this.#streams.length === 0 || view.rev === this.#sentRev) return
    this.#send(this.#streams, this.#encode(view), view.rev)
  }

  /** Ends the streams that match, without sending them a pending view. */
  end(reason: ByeReason, matches: (stream: ViewStream) => boolean = () => true) {
    for (const stream of this.#streams) if (matches(stream)) stream.end(reason)
  }

  /** Ends all streams. Each is sent the current view first, unless it was sent that view before. */
  endWithView(reason: ByeReason) {
    if (this.#streams.length === 0) return
    const view = this.#source.view()
    const isNew = view.rev !== this.#sentRev
    let frame = ''
    for (const stream of this.#streams) {
      const isOwed = isNew || stream.isBehind || this.#waiting.includes(stream)
      if (isOwed) frame ||= this.#encode(view)
      stream.end(reason, isOwed ? frame : undefined)
    }
  }

  get size() {
    return this.#streams.length
  }

  // The type that TypeScript infers here is unknown to TypeScript 5.5, which checks the declarations of users.
  [Symbol.iterator](): Iterator<ViewStream> {
    return this.#streams.values()
  }

  /**
   * Writes to a few streams per turn, so that their data leaves before the next ones are written, and requests are
   * served in between.
   */
  #send(streams: readonly ViewStream[], frame: string, rev: number) {
    this.#waiting = streams.length > batchSize ? streams.slice(batchSize) : none
    for (const stream of streams.slice(0, batchSize)) stream.send(frame)
    if (this.#waiting === none) return
    // If the view has changed meanwhile, all streams are sent the newer one anyway.
    setImmediate(() => this.#sentRev === rev && this.#send(this.#waiting, frame, rev))
  }

  #encode(view: AuthView): string {
    this.#sentRev = view.rev
    return this.#source.encode(view)
  }
}
