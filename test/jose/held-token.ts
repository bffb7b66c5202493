import { text } from 'node:stream/consumers'
/** A process of its own that verifies a token, releases it, and prints whether its text is still in memory. */
import { getHeapSnapshot } from 'node:v8'
import { createTokenVerifier } from '../../adapters/jose/index.ts'
import { jwks, mint, nowMs } from './token-factory.ts'

const verify = createTokenVerifier({ keys: { jwks }, clock: () => nowMs, logger: {} })
const isHeldOnPurpose = process.argv[2] === 'hold'
const held: string[] = []
const lastOfSignature = new Uint8Array(40)

async function verifyOne() {
  // The token is a new string that nothing else refers to, as in a request.
  const token = JSON.parse(JSON.stringify(mint())) as string
  new TextEncoder().encodeInto(token.slice(-40), lastOfSignature)
  for (let time = 0; time < 3; time++) await verify(token)
  if (isHeldOnPurpose) held.push(token)
}

await verifyOne()
globalThis.gc?.()
await new Promise((resolve) => setImmediate(resolve))
globalThis.gc?.()
const snapshot = await text(getHeapSnapshot())
// The text is created only now, so that it is not in the snapshot.
const piece = new TextDecoder().decode(lastOfSignature)
console.log(JSON.stringify({ isHeld: snapshot.includes(piece), isKept: verify !== undefined, held: held.length }))
