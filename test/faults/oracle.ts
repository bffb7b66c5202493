import { toDigest } from '../../adapters/hub/cookies/secret-id.ts'
import type { AuthView, SessionRecord } from '../../machines/index.ts'
import type { Exchange, Wiretap } from './exchange.ts'
import { createLifeWatch, type LifeWatch } from './life-watch.ts'
import type { SimBrowser, SimTab } from './sim-browser.ts'
import { appOrigin, userIds, type MintedToken, type SimClerk } from './sim-clerk.ts'
import { simLimits, type SimNode } from './sim-node.ts'
import type { SimStore } from './sim-store.ts'
import type { Party } from './virtual-time.ts'
import type { World } from './world.ts'

/** The sessions that have certainly ended, because an answer said so. */
interface End {
  /** The end covers tokens issued up to this second. It covers all tokens if the session was revoked. */
  readonly until: number
}

/** The session and the signed-in user for which a cookie was given. The cookie may never show another user. */
interface GivenCookie {
  readonly channel: string
  readonly userId: string | null
  /** The tab whose post got the cookie, if its token may have had to wait for keys. Otherwise null. */
  readonly tab: SimTab | null
}

/** How many sessions that came back from the store, and so have no address, may be on one node. */
const revived = 4

/** Judges everything that servers say against what really happened. */
export interface Oracle extends Wiretap {
  /** Reports the view with which the app let a request in. */
  onUse(view: AuthView): void
  /** Reports that a revocation was acknowledged. */
  onRevoked(sessionId: string): void
  /** True if an acknowledged end, which every node knows, covers a token. */
  isOver(token: MintedToken): boolean
  /** Checks the sessions that the nodes hold, after a step of one party. */
  inspect(party: Party | null): Promise<void>
  /** Makes every browser that ever had a cookie try it at every node. */
  tryCookies(): void
  /**
   * Compares what clients show and nodes hold with what Clerk says.
   *
   * @returns the first difference, or null
   */
  findDisagreement(): Promise<string | null>
}

export interface OracleOptions {
  readonly world: World
  readonly clerk: SimClerk
  readonly store: SimStore
  readonly nodes: () => readonly SimNode[]
  readonly browsers: readonly SimBrowser[]
}

export function createOracle({ world, clerk, store, nodes, browsers }: OracleOptions): Oracle {
  const lifeWatch = createLifeWatch(world, store)
  const ends = new Map<string, End>()
  const streamRevs = new WeakMap<Exchange, number>()
  const nodeRevs = new WeakMap<SimNode, Map<string, AuthView>>()
  /** The session that a node held when a sign-out reached it. */
  const clears = new WeakMap<Exchange, { readonly sessionId: string; readonly at: number } | null>()
  /** Every cookie that was given out. */
  const givenOut = new Map<string, GivenCookie>()
  /** The users whose tokens each tab has posted. A tab may keep a stream from before. */
  const posted = new WeakMap<SimTab, Set<string>>()
  /** The newest post of each tab that has reached a node. */
  const newest = new WeakMap<SimTab, number>()

  /** The newest post of a tab that each node has answered, by the tab and the session that it was answered for. */
  const accepted = new WeakMap<SimNode, Map<string, { readonly seq: number; readonly at: number }>>()
  /**
   * The Clerk session and organization that were proved when a post arrived. It has only posts that arrived after a
   * newer one of their tab had been answered.
   */
  const late = new WeakMap<Exchange, string>()
  /** True while every cookie is tried at every node, which brings its session back there. */
  let isTrying = false
  /** How many posts with tokens of each Clerk session and organization have reached each node. */
  const arrivals = new WeakMap<SimNode, Map<string, number>>()

  function see(node: SimNode, view: AuthView, source: string, now: number, isFresh = true) {
    const at = `${source} at ${node.party.name}: ${toText(view)}`
    if (!view.isSignedIn) {
      const isBlank = view.userId === null && view.sessionId === null && view.orgId === null && view.claims === null
      if (!isBlank || view.user !== null) world.violate('identity', `not signed in, yet somebody: ${at}`)
      return
    }
    const { claims } = view
    const organization = claims?.['o'] as { id?: string } | undefined
    const isOne = claims?.['sub'] === view.userId && claims?.['sid'] === view.sessionId
    if (!isOne || (organization?.id ?? null) !== view.orgId || (view.user && view.user.id !== view.userId)) {
      return world.violate('identity', `claims of another: ${at}`)
    }
    const proof = clerk.findProof({ ...view, claims })
    if (!proof) return world.violate('identity', `no token says this: ${at}`)
    if (view.expiresAt !== proof.exp * 1_000 || now >= proof.exp * 1_000 + world.clockTolerance * 1_000) {
      return world.violate('proof', `expired ${now - proof.exp * 1_000} ms ago: ${at}`)
    }
    if (!isFresh) return undefined
    lifeWatch.see(node, view, at)
    return seeEnd(node, proof, at)
  }

  const isCovered = ({ sessionId, iat }: MintedToken) => iat <= (ends.get(sessionId)?.until ?? -Infinity)

  function seeEnd(node: SimNode, proof: MintedToken, at: string) {
    if (isCovered(proof) && node.store.knows(proof.sessionId, proof.iat))
      world.violate('signOut', `signed in by what was signed out: ${at}`)
  }

  /**
   * Checks that the revisions of a view rise. A session that a node no longer holds may come back from the store,
   * which knows less of it.
   */
  function seeRev(revs: Map<string, AuthView>, browser: string, view: AuthView | null, node: SimNode) {
    const known = revs.get(browser)
    if (!view) return void revs.delete(browser)
    if (known?.channel === view.channel && view.rev < known.rev) {
      world.violate('rev', `rev fell from ${known.rev} to ${view.rev}: session of ${browser} at ${node.party.name}`)
    }
    return void revs.set(browser, view)
  }

  function end(sessionId: string, until: number, why: string) {
    world.note(`${sessionId} is over: ${why}`)
    if (!store.hasTombstone(sessionId))
      world.violate('signOut', `${why} of ${sessionId} was acknowledged, yet not stored`)
    ends.set(sessionId, { until: Math.max(until, ends.get(sessionId)?.until ?? -Infinity) })
  }

  async function onClear(exchange: Exchange) {
    const { node, cookie } = exchange
    clears.set(exchange, null)
    if (cookie === undefined) return
    const at = node.clock()
    const { sessionId: named } = JSON.parse(exchange.body) as { sessionId?: string }
    const view = await node.probe(cookie)
    // These are this node's session and the one that another node has stored, because the client cannot know which of
    // the two will answer.
    const held = [view?.sessionId ?? null, (await findStored(cookie))?.sessionId ?? null]
    const sessionId = named === undefined ? (view ? view.sessionId : held[1]) : held.find((id) => id === named)
    if (sessionId) clears.set(exchange, { sessionId, at })
  }

  const seqOf = ({ body }: Exchange) => (body === '' ? 0 : ((JSON.parse(body) as { seq?: number }).seq ?? 0))

  function noteSeq(exchange: Exchange) {
    newest.set(exchange.tab, Math.max(seqOf(exchange), newest.get(exchange.tab) ?? 0))
  }

  /**
   * Tells whether its tab has posted again. Such a tab no longer waits for the earlier post and ignores its answer.
   */
  const isOvertaken = (exchange: Exchange) => seqOf(exchange) < (newest.get(exchange.tab) ?? 0)

  const toAcceptedKey = ({ tab }: Exchange, channel: string) => `${tab.party.name} ${channel}`

  function noteAccepted(exchange: Exchange, { channel }: AuthView) {
    const seqs = accepted.get(exchange.node) ?? new Map<string, { seq: number; at: number }>()
    accepted.set(exchange.node, seqs)
    const key = toAcceptedKey(exchange, channel)
    const seq = seqOf(exchange)
    if (seq >= (seqs.get(key)?.seq ?? 1)) seqs.set(key, { seq, at: world.time.now() })
  }

  async function noteArrival(exchange: Exchange) {
    const token = toPostedToken(exchange)
    if (!token) return
    if (world.lifetime) lifeWatch.onToken(exchange, token, await isRenewal(exchange, token))
    const counts = arrivals.get(exchange.node) ?? new Map<string, number>()
    arrivals.set(exchange.node, counts)
    counts.set(toProofKey(token), (counts.get(toProofKey(token)) ?? 0) + 1)
  }

  async function isRenewal({ node, cookie }: Exchange, { sessionId }: MintedToken): Promise<boolean> {
    if (cookie === undefined) return false
    const view = await node.probe(cookie)
    return (view ?? (await findStored(cookie)))?.sessionId === sessionId
  }

  /** A session that is let go of forgets its tabs, but not so soon. */
  async function noteTimeout(exchange: Exchange) {
    const { node, cookie } = exchange
    if (cookie === undefined || exchange.method !== 'POST' || !isOvertaken(exchange)) return
    world.fired('post.overtaken')
    const view = await node.probe(cookie)
    const known = view && accepted.get(node)?.get(toAcceptedKey(exchange, view.channel))
    if (known && known.seq > seqOf(exchange) && world.time.now() - known.at < 4_000)
      late.set(exchange, toProofKey(view))
  }

  /** Checks the order of posts. Another post of the same identity may be decided on at the same time. */
  function seeOrder(exchange: Exchange, view: AuthView) {
    const before = late.get(exchange)
    const token = toPostedToken(exchange)
    if (before === undefined || !token || !view.isSignedIn) return
    const key = toProofKey(token)
    if (before === key || toProofKey(view) !== key || (arrivals.get(exchange.node)?.get(key) ?? 0) > 1) return
    world.violate('order', `${exchange.name} was overtaken, and signs in: ${toText(view)}`)
  }

  /** Waits with a cookie for the sign-in, as a page load does or a stranger who has planted the cookie. */
  async function waitWithPlanted(node: SimNode, cookie: string) {
    world.fired('cookie.planted')
    const { view: admitted, signal, read } = await node.waitWith(cookie)
    const { userId } = admitted
    lifeWatch.onUse(admitted)
    const look = async () => {
      if (!signal.aborted) world.violate('grace', `what ${userId ?? 'nobody'} guards goes on at ${node.party.name}`)
      const view = await read()
      lifeWatch.onUse(view)
      if (view.userId !== null) world.violate('grace', `${view.userId} is still read at ${node.party.name}`)
    }
    for (const moment of [10_250, 40_000]) world.time.send(node.party, moment, () => void look().catch(() => {}))
  }

  function seeBounds({ auth, party }: SimNode) {
    if (isTrying) return
    const { sessions, signedIn } = auth.stats()
    const { sessionsPerClerkSession, sessionsPerUser, sessionsPerAddress } = simLimits
    const most = Math.min(clerk.sessions.size * sessionsPerClerkSession, userIds.length * sessionsPerUser)
    if (signedIn > most) world.violate('bounds', `${signedIn} are signed in at ${party.name}, and ${most} may be`)
    if (sessions > sessionsPerAddress + revived) world.violate('bounds', `one address has ${sessions} at ${party.name}`)
  }

  /** Returns the record in the store that a cookie leads to. */
  async function findStored(cookie: string): Promise<SessionRecord | null> {
    const stored = await store.peek(toDigest(cookie.slice(cookie.indexOf('=') + 1)))
    return stored && !stored.retired ? stored.record : null
  }

  async function probeAll(node: SimNode) {
    const revs = nodeRevs.get(node) ?? new Map<string, AuthView>()
    nodeRevs.set(node, revs)
    for (const { name, cookie } of browsers) {
      const view = cookie === undefined ? null : await node.probe(cookie)
      seeRev(revs, name, view, node)
      if (view) see(node, view, `session of ${name}`, node.clock())
    }
  }

  /**
   * Checks that a cookie shows only the user it was given for. Before another user is shown, a new cookie takes its
   * place.
   */
  function seeReader(cookie: string | undefined, view: AuthView, source: string) {
    const given = cookie === undefined ? undefined : givenOut.get(cookie)
    if (!given || given.channel !== view.channel || view.userId === null || view.userId === given.userId) return
    // The cookie came with the answer that its token has to wait. It is valid for the user that this token signs in.
    if (given.userId === null && given.tab && posted.get(given.tab)?.has(view.userId)) return
    world.violate('rotation', `${view.userId} is read by a cookie for ${given.userId ?? 'nobody'}: ${source}`)
  }

  async function probeCookies(node: SimNode) {
    for (const cookie of givenOut.keys()) {
      const view = await node.probe(cookie)
      if (view) seeReader(cookie, view, `a reader at ${node.party.name}`)
    }
  }

  /** Returns the token that a request posts, if Clerk minted it. */
  function toPostedToken({ body }: Exchange): MintedToken | undefined {
    const { token } = (body === '' ? {} : JSON.parse(body)) as { token?: string }
    return token === undefined ? undefined : clerk.minted.find(({ text }) => text === token)
  }

  /** Returns the owner of the token that a request posts, or null. */
  const toPostedUser = (exchange: Exchange): string | null => toPostedToken(exchange)?.userId ?? null

  /** Notes the owner of a posted token. A post without the name of a tab belongs to somebody else. */
  function notePosted(exchange: Exchange) {
    const userId = toPostedUser(exchange)
    if (userId === null || !exchange.body.includes('"tab"')) return
    posted.set(exchange.tab, (posted.get(exchange.tab) ?? new Set()).add(userId))
  }

  /** Tries a cookie at a node, which asks the store if it does not hold the session. */
  async function tryCookie(node: SimNode, cookie: string) {
    const response = await node.fetch(new Request(`${appOrigin}/auth/session`, { headers: { cookie } }))
    if (response.ok) seeReader(cookie, (await response.json()) as AuthView, `a late reader at ${node.party.name}`)
  }

  return {
    async onRequest(exchange) {
      noteSeq(exchange)
      notePosted(exchange)
      await noteArrival(exchange)
      await noteTimeout(exchange)
      if (exchange.method === 'POST' && exchange.body.includes('"session.cleared"')) await onClear(exchange)
    },
    onAnswer(exchange, status, view) {
      const { node, name } = exchange
      world.note(`${name} ${status} ${view ? toText(view) : ''}`)
      if (status === 500) world.violate('internal', `${name} is answered with 500`)
      if (view) see(node, view, `answer to ${name}`, node.clock())
      if (view && view.userId !== toPostedUser(exchange)) seeReader(exchange.cookie, view, `answer to ${name}`)
      if (view) seeOrder(exchange, view)
      if (view && status === 200) noteAccepted(exchange, view)
      if (view) lifeWatch.onAnswer(exchange, status, view)
      const cleared = clears.get(exchange)
      if (!cleared || status !== 200 || !view || view.isSignedIn || isOvertaken(exchange)) return
      end(cleared.sessionId, Math.floor(cleared.at / 1_000), 'a sign-out')
    },
    onFrame(exchange, view) {
      const { node, name } = exchange
      world.note(`${name} frame ${toText(view)}`)
      // A stalled reader receives data that was sent long ago.
      see(node, view, `frame of ${name}`, exchange.wasStalled ? view.now : node.clock(), !exchange.wasStalled)
      if (!posted.get(exchange.tab)?.has(view.userId ?? '')) seeReader(exchange.cookie, view, `frame of ${name}`)
      const known = streamRevs.get(exchange) ?? 0
      if (view.rev <= known) world.violate('rev', `rev went from ${known} to ${view.rev} in one stream: ${name}`)
      streamRevs.set(exchange, view.rev)
    },
    async onCookie({ node, tab, method }, cookie) {
      const view = await node.probe(cookie)
      if (!view) return
      givenOut.set(cookie, { channel: view.channel, userId: view.userId, tab: method === 'POST' ? tab : null })
      if (view.userId !== null || method === 'POST' || !world.random.chance(0.3)) return
      world.time.send(node.party, 1, () => void waitWithPlanted(node, cookie).catch(() => {}))
    },
    onUse: (view) => lifeWatch.onUse(view),
    onRevoked: (sessionId) => end(sessionId, Infinity, 'a revocation'),
    isOver: (token) => isCovered(token) && nodes().every((node) => node.store.knows(token.sessionId, token.iat)),
    async inspect(party) {
      const node = nodes().find((each) => each.party === party)
      if (!node || node.party.isDead) return
      seeBounds(node)
      await probeAll(node)
      await probeCookies(node)
    },
    tryCookies() {
      isTrying = true
      for (const node of nodes()) {
        for (const cookie of givenOut.keys()) world.time.send(node.party, 1, () => void tryCookie(node, cookie))
      }
    },
    async findDisagreement() {
      for (const node of nodes()) await probeAll(node)
      for (const browser of browsers) {
        const found =
          (await findServerDisagreement(nodes(), browser, lifeWatch)) ?? findClientDisagreement(browser, lifeWatch)
        if (found !== null) return found
      }
      return null
    },
  }
}

/**
 * A tab does not post because another tab has changed the view, so that a stale tab never signs out the one beside
 * it. So if no tab is left that ever had a Clerk session, nobody ends this session before its last token expires.
 */
const isOrphaned = ({ session, tabs }: SimBrowser, { sessionId }: AuthView) =>
  session === null && sessionId !== null && [...tabs].every(({ known }) => !known.has(sessionId))

async function findServerDisagreement(
  nodes: readonly SimNode[],
  browser: SimBrowser,
  lifeWatch: LifeWatch,
): Promise<string | null> {
  const { session, cookie } = browser
  if (cookie === undefined || browser.tabs.size === 0) return null
  // A token that is refused because the lifetime of its session is over ends no other session either.
  if (session?.status === 'active' && lifeWatch.mayHaveEnded(session.id)) return null
  for (const node of nodes) {
    const view = await node.probe(cookie)
    // Clerk's script has not yet found out that its session has ended. A token refused for that reason ends no other
    // session.
    const isAgreed =
      session && session.status !== 'active' ? view?.sessionId !== session.id : view?.sessionId === session?.id
    if (!view?.isSignedIn || isAgreed || isOrphaned(browser, view)) continue
    return `${node.party.name} holds ${toText(view)} of ${browser.name}, where Clerk says ${session?.id ?? 'nobody'}`
  }
  return null
}

function findClientDisagreement(browser: SimBrowser, lifeWatch: LifeWatch): string | null {
  // A tab does not post because another tab has changed the view, and that other tab may be closed by now.
  const orgs = browser.organizations
  for (const { party, client, session } of browser.tabs) {
    const { view, error } = client
    if (error?.code === 'store-not-shared') return `${party.name} says that the nodes do not share their store`
    const isActive = session?.status === 'active'
    const isShown = view.isSignedIn || client.status === 'authenticated'
    if (isShown && lifeWatch.mustHaveEnded(view.sessionId ?? ''))
      return `${party.name} shows ${toText(view)}, whose lifetime has ended`
    // A page that is refused says so, also where the server still knows the account from before.
    const isRefused = isActive && lifeWatch.mayHaveEnded(session.id) && client.status !== 'authenticated'
    if (isRefused) continue
    const isAgreed = isActive
      ? view.isSignedIn && view.sessionId === session.id && orgs.has(view.orgId) && client.status === 'authenticated'
      : session
        ? client.status !== 'authenticated'
        : !view.isSignedIn || isOrphaned(browser, view)
    const state = JSON.stringify(client.actor.getSnapshot().value)
    if (!isAgreed)
      return `${party.name} (${state}, ${client.status}) shows ${toText(view)}, where Clerk says ${session?.id ?? 'nobody'} ${[...orgs].join('|')}`
  }
  return null
}

const toProofKey = ({ sessionId, orgId }: Pick<AuthView, 'sessionId' | 'orgId'>) => `${sessionId} ${orgId}`

const toText = ({ state, isSignedIn, userId, sessionId, orgId, rev, error, claims }: AuthView) =>
  `rev ${rev} ${state}${isSignedIn ? ` ${userId} ${sessionId} ${orgId ?? ''} iat ${String(claims?.['iat']).slice(-4)}` : ''}${error ? ` ${error.code}` : ''}`
