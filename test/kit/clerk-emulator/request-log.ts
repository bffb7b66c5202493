/** One request to the emulator. It never contains a query, header, cookie, body or token. */
export interface LoggedRequest {
  /** HTTP method, after clerk-js's `_method` override. */
  method: string
  /** The path, which begins with `/fapi` or `/bapi`. */
  path: string
  /** The time of the request, ms since the epoch by the machine's own clock. */
  time: number
  /** The status of the answer; `null` until there is one, and for a connection that was cut. */
  status: number | null
}
