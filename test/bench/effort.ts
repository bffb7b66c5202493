/** `--quick` shows that a bench runs, with a twentieth of the load and one round; what it measures says nothing. */
export const isQuick: boolean = process.argv.includes('--quick')

/** So many sessions, streams or requests. */
export const sized = (count: number): number => (isQuick ? Math.ceil(count / 20) : count)
