/** One request the emulator got. Never a query, header, cookie, body or token. */
export interface LoggedRequest {
  /** HTTP method, after clerk-js's `_method` override. */
  method: string
  /** The path from `/fapi` or `/bapi` on. */
  path: string
  /** When it came, ms since the epoch by the machine's own clock. */
  time: number
  /** What it was answered with; `null` while that is open and for a connection that was cut. */
  status: number | null
}
