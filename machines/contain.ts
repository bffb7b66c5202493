/**
 * Runs foreign code, and neither throws nor rejects if that fails.
 *
 * @param report Gets the error, also that of a promise that the code returns. By default the platform reports it, which
 * it does by itself if the promise rejects.
 */
export function contain(run: () => unknown, report?: (error: unknown) => void): void {
  try {
    const result = run()
    if (report && result instanceof Promise) result.catch(report)
  } catch (error) {
    const tell = report ?? globalThis.reportError ?? console.error
    tell(error)
  }
}
