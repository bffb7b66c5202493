/** `NODE_ENV`: an empty text where the process has none, undefined where the runtime has no environment to tell by. */
function readNodeEnv(): string | undefined {
  const { process }: { process?: { readonly env?: Readonly<Record<string, string | undefined>> } } = globalThis
  return process?.env && (process.env['NODE_ENV'] ?? '')
}

/** True where the process says so of itself. */
export const isProduction = (): boolean => readNodeEnv() === 'production'

/** True unless the process is in production; false where the runtime does not tell. */
export const isDevelopment = (): boolean => !['production', undefined].includes(readNodeEnv())
