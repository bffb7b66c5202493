/**
 * True with `--quick`, which shows that a bench runs, with a twentieth of the load and one round. Its measurements
 * mean nothing.
 */
export const isQuick: boolean = process.argv.includes('--quick')

/** Returns the number of sessions, streams or requests for this run. */
export const sized = (count: number): number => (isQuick ? Math.ceil(count / 20) : count)
