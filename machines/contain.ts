/** Runs foreign code: what it throws is reported as the platform reports it, and goes no further. */
export function contain(run: () => void): void {
  try {
    run()
  } catch (error) {
    const report = globalThis.reportError ?? console.error
    report(error)
  }
}
