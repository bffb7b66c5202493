/** Returns `NODE_ENV`: an empty text if the process has none, undefined if the runtime has no environment. */
function readNodeEnv(): string | undefined {
  const { process }: { process?: { readonly env?: Readonly<Record<string, string | undefined>> } } = globalThis
  return process?.env && (process.env['NODE_ENV'] ?? '')
}

/** True if `NODE_ENV` is `production`. */
export const isProduction = (): boolean => readNodeEnv() === 'production'

/** True unless the process is in production; false if the runtime has no environment. */
export const isDevelopment = (): boolean => !['production', undefined].includes(readNodeEnv())
