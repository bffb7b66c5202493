/** Runs foreign code and does not pass its error on. By default the platform reports it in its own way. */
export function contain(
  run: () => void,
  report: (error: unknown) => void = globalThis.reportError ?? console.error,
): void {
  try {
    run()
  } catch (error) {
    report(error)
  }
}
