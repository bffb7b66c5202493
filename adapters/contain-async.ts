import { contain } from '../machines/contain.ts'

/** Runs foreign code that may be asynchronous, and hands its error or rejection to `report`. */
export function containAsync(run: () => unknown, report: (error: unknown) => void): void {
  contain(() => {
    const result = run()
    if (result instanceof Promise) result.catch(report)
  }, report)
}
