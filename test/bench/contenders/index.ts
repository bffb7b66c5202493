import { startAuthchart } from './authchart.ts'
import { startBetterSse } from './better-sse.ts'
import { startByHandH3 } from './by-hand-h3.ts'
import { startByHand } from './by-hand.ts'
import { startClerkAuthenticate, startClerkVerify } from './clerk.ts'
import type { StartContender } from './contender.ts'
import { startH3Actor } from './h3-actor.ts'
import { startLimit } from './limit.ts'
import { startRaw } from './raw.ts'

export const contenders = {
  authchart: startAuthchart,
  limit: startLimit,
  'by-hand': startByHand,
  'by-hand-h3': startByHandH3,
  raw: startRaw,
  'better-sse': startBetterSse,
  'h3-actor': startH3Actor,
  'clerk-verify': startClerkVerify,
  'clerk-authenticate': startClerkAuthenticate,
} satisfies Record<string, StartContender>

export type ContenderName = keyof typeof contenders
