const quoted = /^(["'`])([^]*)\1$/

/** A value without the white space and quotes that `echo`, `docker --env-file` or a YAML file left round it. */
export function unquote(value: string): string {
  const text = value.trim()
  return (quoted.exec(text)?.[2] ?? text).trim()
}
