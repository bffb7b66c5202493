/**
 * Ends a part when the page is about to rest, that is, to be frozen or put into the back/forward cache.
 *
 * @returns A promise that resolves once the page is awake again, or when the part has ended otherwise
 */
export async function endWhenPageRests(part: AbortController, stop: AbortSignal): Promise<void> {
  await firstOf([document, 'freeze'], [window, 'pagehide'], part.signal)
  if (part.signal.aborted) return
  part.abort()
  await firstOf([document, 'resume'], [window, 'pageshow'], stop)
}

type PageEvent = readonly [target: EventTarget, type: string]

/** Resolves on the first of two events, or when the signal aborts. */
function firstOf(one: PageEvent, other: PageEvent, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const first = new AbortController()
    const { signal } = first
    const end = () => {
      first.abort()
      resolve()
    }
    for (const [target, type] of [one, other, [stop, 'abort'] as const]) target.addEventListener(type, end, { signal })
  })
}
