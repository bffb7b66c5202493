/** Runs foreign code. It reports an error in the platform's own way and does not pass it on. */
export function contain(run: () => void): void {
  try {
    run()
  } catch (error) {
    const report = globalThis.reportError ?? console.error
    report(error)
  }
}
