/** The source of an expression for the host of this machine, as it stands in a URL. */
export const loopbackHost: string = String.raw`(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])`
