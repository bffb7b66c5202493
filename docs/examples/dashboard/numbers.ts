/** What the server sends to the dashboard each second. */
export interface Numbers {
  /** The mean number of processes that wanted the CPU in the last minute. */
  readonly load: number
  /** The share of the memory in use, from 0 to 1. */
  readonly memory: number
  /** The number of signed-in sessions. */
  readonly signedIn: number
  /** The number of auth streams that are open. */
  readonly tabs: number
  /** When these were measured, epoch ms. */
  readonly time: number
}
