/** h3, jose, one XState actor for each session, and h3's `EventStream`, each as its documentation shows it. */
import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { assign, createActor, fromPromise, setup, waitFor, type SnapshotFrom } from 'xstate'
import type { ContenderOptions, StartContender } from './contender.ts'
import { serveH3Peer, type PeerSession } from './h3-peer.ts'
import { toPeerView, type PeerClaims } from './peer-view.ts'

/**
 * Creates a verifier with jose. It checks the key by id, RS256, the times, the issuer, and then the party, which jose
 * does not know.
 */
export function createVerifyWithJose({
  jwks,
  issuer,
  party,
}: ContenderOptions): (token: string) => Promise<PeerClaims> {
  const keys = createLocalJWKSet(jwks as JSONWebKeySet)
  const options = { issuer, algorithms: ['RS256'], clockTolerance: 60, requiredClaims: ['exp', 'nbf', 'sub', 'sid'] }
  return async (token) => {
    const { payload } = await jwtVerify<PeerClaims>(token, keys, options)
    if (payload.azp !== party) throw new Error('a token of another app')
    return payload
  }
}

export const startH3Actor: StartContender = async (options) => {
  const verify = createVerifyWithJose(options)
  const machine = setup({
    types: {
      context: {} as { claims: PeerClaims | null; token: string; rev: number; error: unknown },
      events: {} as { type: 'token.received'; token: string } | { type: 'session.cleared' },
    },
    actors: { verifyToken: fromPromise(({ input }: { input: { token: string } }) => verify(input.token)) },
    delays: { expiry: ({ context }) => Math.max(0, (context.claims?.exp ?? 0) * 1_000 - Date.now()) },
    actions: {
      keepToken: assign({ token: ({ event }) => (event.type === 'token.received' ? event.token : '') }),
      clear: assign({ claims: null, rev: ({ context }) => context.rev + 1 }),
    },
  }).createMachine({
    context: { claims: null, token: '', rev: 0, error: null },
    initial: 'unchecked',
    on: {
      'token.received': { target: '.verifying', actions: 'keepToken' },
      'session.cleared': { target: '.signedOut', actions: 'clear' },
    },
    states: {
      unchecked: {},
      verifying: {
        tags: 'pending',
        invoke: {
          src: 'verifyToken',
          input: ({ context }) => ({ token: context.token }),
          onDone: {
            target: 'signedIn',
            actions: assign({
              claims: ({ event }) => event.output,
              rev: ({ context }) => context.rev + 1,
              token: '',
              error: null,
            }),
          },
          onError: { target: 'signedOut', actions: ['clear', assign({ error: ({ event }) => event.error })] },
        },
      },
      signedIn: { after: { expiry: { target: 'signedOut', actions: 'clear' } } },
      signedOut: {},
    },
  })

  function createSession(): PeerSession {
    const channel = randomUUID()
    const actor = createActor(machine).start()
    const toView = ({ context }: SnapshotFrom<typeof machine>) => toPeerView(channel, context.rev, context.claims)
    return {
      view: () => toView(actor.getSnapshot()),
      async receive(token) {
        actor.send({ type: 'token.received', token })
        const { context } = await waitFor(actor, (snapshot) => !snapshot.hasTag('pending'))
        if (context.error !== null) throw context.error
      },
      subscribe(listener) {
        // A running check sends nothing, so there is one frame for each verdict.
        const subscription = actor.subscribe((snapshot) => {
          if (!snapshot.hasTag('pending')) listener(toView(snapshot))
        })
        return () => subscription.unsubscribe()
      },
    }
  }
  return serveH3Peer(createSession)
}
