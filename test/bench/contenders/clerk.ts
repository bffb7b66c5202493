/** h3 and @clerk/backend without a network and without a statechart, by `verifyToken` or by `authenticateRequest`. */
import { randomUUID } from 'node:crypto'
import { createClerkClient, verifyToken } from '@clerk/backend'
import type { H3Event } from 'h3'
import type { ContenderOptions, StartContender } from './contender.ts'
import { serveH3Peer } from './h3-peer.ts'
import { toPeerView, type PeerClaims, type PeerView } from './peer-view.ts'

type Verify = (token: string, event: H3Event) => Promise<PeerClaims>

const start = (createVerify: (options: ContenderOptions) => Verify): StartContender => {
  return async (options) => {
    const verify = createVerify(options)
    return serveH3Peer(() => {
      const channel = randomUUID()
      const listeners = new Set<(view: PeerView) => void>()
      let view = toPeerView(channel, 0, null)
      return {
        view: () => view,
        async receive(token, event) {
          view = toPeerView(channel, view.rev + 1, await verify(token, event))
          for (const listener of listeners) listener(view)
        },
        subscribe(listener) {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
      }
    })
  }
}

export const startClerkVerify = start(({ jwtKey, party }) => async (token) => {
  const claims = await verifyToken(token, { jwtKey, authorizedParties: [party], clockSkewInMs: 60_000 })
  return claims as unknown as PeerClaims
})

export const startClerkAuthenticate = start(({ jwtKey, party, issuer }) => {
  const publishableKey = `pk_test_${Buffer.from(`${new URL(issuer).host}$`).toString('base64')}`
  const clerk = createClerkClient({ secretKey: 'sk_test_bench', publishableKey, telemetry: { disabled: true } })
  return async (_token, event) => {
    const state = await clerk.authenticateRequest(event.req, { jwtKey, authorizedParties: [party] })
    if (!state.isAuthenticated) throw new Error(state.reason ?? 'signed out')
    return state.toAuth().sessionClaims as unknown as PeerClaims
  }
})
