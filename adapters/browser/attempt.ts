/**
 * Reads a value that a browser may lack or refuse, such as one of a getter that throws in a sandboxed frame.
 *
 * @returns The value, or undefined if reading throws
 */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
