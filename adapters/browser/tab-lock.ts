/**
 * Requests a lock of the browser (Web Locks API). `onLost` is called when another tab steals it.
 *
 * @returns A promise of the function that releases it. It rejects if the lock is refused or the wait is aborted.
 */
export function requestLock(name: string, options: LockOptions, onLost: () => void): Promise<() => void> {
  return new Promise((resolve, reject) => {
    let isHeld = false
    const hold = () =>
      new Promise<void>((release) => {
        isHeld = true
        resolve(release)
      })
    const request = async () => navigator.locks.request(name, options, hold)
    request().catch((error: unknown) => {
      if (isHeld) onLost()
      else reject(error)
    })
  })
}
