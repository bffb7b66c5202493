import { findSessionCookie } from './check-cookie.ts'
import type { OpenedStream } from './check-stream.ts'
import { fail, note, ok, proxyPage, type Finding } from './finding.ts'
import { toText, type Answer, type Probe } from './probe.ts'

/** The number of connections that ask for one session, because a load balancer may spread them. */
const connections = 8

/** Asks for the session of an open stream by its cookie, and finds out if the cookie comes back to the server. */
export async function checkReturn(probe: Probe, { cookie, channel }: OpenedStream): Promise<Finding[]> {
  if (cookie === null || channel === null) return []
  const answers = await askOften(probe, `/session?channel=${encodeURIComponent(channel)}`, cookie)
  if (answers.some((answer) => toText(answer, 'code') === 'cookie-missing')) {
    const remedy = 'Let the proxy pass Cookie on.'
    return [fail('cookie-missing', 'The server does not get the cookie back', remedy, proxyPage)]
  }
  if (answers.every((answer) => toText(answer, 'channel') === channel)) return []
  return [note('nodes', 'Several nodes answer. Give --token-env to find out if they share a store.')]
}

/** Asks over several connections for the session that one of them has signed in. */
export async function checkNodes(probe: Probe, signedIn: Answer): Promise<Finding[]> {
  const cookie = findSessionCookie(signedIn.headers['set-cookie'])
  if (cookie === null) return []
  const answers = await askOften(probe, '/session', cookie)
  const unknown = answers.filter(({ json }) => json['isSignedIn'] !== true).length
  if (unknown === 0) return [ok('store', `${connections} connections know the session.`)]
  const what = `${unknown} of ${connections} connections do not know the session that was signed in`
  return [fail('store-not-shared', what, 'Give all nodes of the server one store.', 'docs/scaling.md')]
}

async function askOften(probe: Probe, path: string, { name, value }: NonNullable<OpenedStream['cookie']>) {
  const answers: Answer[] = []
  while (answers.length < connections) {
    answers.push(await probe.send({ path, headers: { cookie: `${name}=${value}` } }))
  }
  return answers
}
