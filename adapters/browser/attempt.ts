/** Reads what a browser may lack or refuse to give, such as a getter that throws in a sandboxed frame. @returns undefined then */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
