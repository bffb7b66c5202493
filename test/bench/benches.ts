import type { Bench } from './bench.ts'
import { arrivals } from './rows/arrivals.ts'
import { authWait } from './rows/auth-wait.ts'
import { broadcast } from './rows/broadcast.ts'
import { bundle } from './rows/bundle.ts'
import { cluster } from './rows/cluster.ts'
import { growth } from './rows/growth.ts'
import { heapSession } from './rows/heap-session.ts'
import { inspectorOff } from './rows/inspector-off.ts'
import { latency } from './rows/latency.ts'
import { postToFrame } from './rows/post-to-frame.ts'
import { redis } from './rows/redis.ts'
import { renewal } from './rows/renewal.ts'
import { revocation } from './rows/revocation.ts'
import { storms } from './rows/storms.ts'
import { verify } from './rows/verify.ts'

export const benches: readonly Bench[] = [
  bundle,
  verify,
  postToFrame,
  latency,
  inspectorOff,
  authWait,
  broadcast,
  renewal,
  heapSession,
  growth,
  revocation,
  ...arrivals,
  ...storms,
  redis,
  cluster,
]
