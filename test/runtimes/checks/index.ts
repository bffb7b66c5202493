import type { Check } from './check.ts'
import { bounds, cookies, guards, origins, problems, tokens } from './refusals.ts'
import { expires, otherTabs, renews, signsIn, signsOut, streams, webhook } from './sessions.ts'
import { redis, sqlite } from './stores.ts'
import { closes, holds, letsGo } from './streams-in-time.ts'

/** The suite, in the order of the table. `closes` comes last of those that use the one server. */
export const checks = {
  'sign-in': signsIn,
  stream: streams,
  renewal: renews,
  'other tabs': otherTabs,
  'sign-out': signsOut,
  expiry: expires,
  webhook,
  'refused tokens': tokens,
  'origin rules': origins,
  cookie: cookies,
  'problem documents': problems,
  limits: bounds,
  guards,
  'idle stream': holds,
  'reader leaves': letsGo,
  close: closes,
  Redis: redis,
  SQLite: sqlite,
} satisfies Record<string, Check>

export type CheckName = keyof typeof checks
export const checkNames = Object.keys(checks) as CheckName[]
