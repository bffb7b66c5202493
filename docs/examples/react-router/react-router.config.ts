import type { Config } from '@react-router/dev/config'

/** Clerk asks for middleware. */
export default { future: { v8_middleware: true } } satisfies Config
