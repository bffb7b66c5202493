const quoted = /^(["'`])([^]*)\1$/

/**
 * Returns a value without the white space and quotes that `echo`, `docker --env-file` or a YAML file left around it.
 */
export function unquote(value: string): string {
  const text = value.trim()
  return (quoted.exec(text)?.[2] ?? text).trim()
}
