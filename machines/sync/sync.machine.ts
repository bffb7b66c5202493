import { and, or } from 'xstate'
import { toRemedy } from '../remedies.ts'
import { createSyncContext } from './sync-context.ts'
import { toPost } from './sync-rules.ts'
import { syncSetup } from './sync-setup.ts'

/**
 * Keeps the server's view equal to the state that Clerk reports in this tab. Region `stream` holds the server's event
 * stream open. Region `poll` asks for the view if no stream gets through. Region `session` reconciles the two: it posts
 * only while one of the two works, and one post at a time.
 *
 * The host provides the actors. `openStream` sends `view.received`, `ping.received`, `retry.hinted`, and at its end
 * `stream.ended` or `stream.failed`. `fetchView` and `postEvent` ask the server; `fetchToken` asks Clerk.
 */
export const syncMachine = syncSetup.createMachine({
  id: 'sync',
  description: 'Keeps the view of the server equal to the state of Clerk in this tab.',
  type: 'parallel',
  context: ({ input }) => ({ ...createSyncContext(input), toRemedy }),
  states: {
    stream: {
      description: 'Holds the event stream of the server open.',
      initial: 'closed',
      on: {
        'client.stopped': { target: '.closed', actions: ['forgetStream', 'cancelViewExpiryTimer'] },
        'retry.hinted': { actions: 'noteHint' },
        'stream.shared': { actions: 'noteRole' },
        'stream.ended': { target: '.backoff', actions: 'noteStreamLost' },
        'stream.failed': { target: '.backoff', actions: 'noteStreamLost' },
        'xstate.error.actor.stream': { target: '.backoff', actions: 'noteStreamLost' },
        'post.stalled': { guard: 'mayYield', target: '.backoff', actions: 'noteYield' },
      },
      always: {
        guard: 'isUnshared',
        target: '.closed',
        actions: ['noteUnshared', 'scheduleReopening'],
      },
      states: {
        closed: {
          description: 'The stream is not started, is stopped, or is refused.',
          entry: 'closeStream',
          exit: ['cancelReopening', 'forgetUnshared'],
          on: {
            'client.started': { target: 'starting', actions: 'noteTab' },
            'clerk.changed': { guard: and(['isStreamRefused', 'isClerkChanged']), target: 'starting' },
            'focus.gained': { guard: 'isStreamRefused', target: 'starting' },
            'network.online': { guard: 'isStreamRefused', target: 'starting' },
            'retry.requested': { guard: 'isStreamRefused', target: 'starting' },
          },
        },
        starting: {
          description: 'A stream is about to be requested. A client that cannot read streams stays here.',
          entry: 'noteStarting',
          always: { guard: 'canStream', target: 'connecting' },
        },
        connecting: {
          description: 'The first view of the stream is awaited.',
          entry: 'openStream',
          on: {
            'view.received': { target: 'open', actions: 'takeFirstView' },
            'network.online': { target: 'starting', actions: 'closeStream' },
          },
          after: {
            pollFallback: { actions: 'noteStreamBlocked' },
            watchdog: { target: 'backoff', actions: 'noteStreamLost' },
          },
        },
        open: {
          description: 'Views arrive. The stream is given up after 2.5 pings of silence.',
          always: { guard: 'isOtherChannel', target: 'starting', actions: ['closeStream', 'markQuietReconnect'] },
          on: {
            'view.received': [
              { guard: 'isStale', target: 'starting', actions: 'closeStream' },
              { actions: 'takeView' },
            ],
            'ping.received': [
              { guard: 'isStale', target: 'starting', actions: 'closeStream' },
              { actions: 'notePing' },
            ],
            'focus.gained': { guard: 'isOverdue', target: 'starting', actions: ['noteStreamLost', 'closeStream'] },
            'network.online': { target: 'starting', actions: 'closeStream' },
            'retry.requested': { guard: 'isOverdue', target: 'starting', actions: ['noteStreamLost', 'closeStream'] },
          },
          after: {
            streamCheck: [
              { guard: 'isSilent', target: 'starting', actions: ['noteStreamLost', 'closeStream'] },
              { guard: 'isOverdue', target: 'open', reenter: true, actions: 'noteStreamBlocked' },
              { target: 'open', reenter: true },
            ],
            restoredFor: { guard: 'isRestored', actions: 'noteSteady' },
          },
        },
        backoff: {
          description: 'The stream broke; the next attempt waits.',
          entry: 'closeStream',
          always: { guard: 'isStreamRefused', target: 'closed', actions: 'scheduleReopening' },
          on: {
            'focus.gained': { guard: 'mayReconnect', target: 'starting' },
            'network.online': { guard: 'mayReconnect', target: 'starting' },
            'retry.requested': { guard: 'mayReconnect', target: 'starting' },
          },
          after: { reconnectDelay: 'starting', pollFallback: { actions: 'noteStreamBlocked' } },
        },
      },
    },
    poll: {
      description: 'Asks for the view if no stream gets through.',
      initial: 'off',
      on: { 'client.stopped': '.off' },
      states: {
        off: {
          description: 'A stream brings the view, or is about to.',
          always: { guard: 'isPollDue', target: 'asking' },
        },
        asking: {
          description: 'The client asks for the view.',
          entry: 'notePoll',
          invoke: {
            src: 'fetchView',
            input: ({ context }) => ({ channel: context.view.channel }),
            onDone: { target: 'waiting', actions: 'takePolledView' },
            onError: [
              { guard: 'isRefusal', target: 'waiting', actions: 'refuseStream' },
              { target: 'waiting', actions: 'notePollFailure' },
            ],
          },
          always: { guard: 'isPollUnneeded', target: 'off' },
          after: { pollTimeout: { target: 'waiting', actions: 'notePollFailure' } },
        },
        waiting: {
          description: 'The client asks again in a few seconds.',
          always: { guard: 'isPollUnneeded', target: 'off' },
          on: {
            'focus.gained': { guard: 'mayAskNow', target: 'asking' },
            'network.online': { guard: 'mayAskNow', target: 'asking' },
            'retry.requested': { guard: 'mayAskNow', target: 'asking' },
          },
          after: { pollDelay: 'asking' },
        },
      },
    },
    session: {
      description: 'Makes the server agree with this tab.',
      initial: 'waitingForClerk',
      on: {
        'client.started': { actions: 'startClerkTimeout' },
        'client.stopped': { target: '.waitingForClerk', actions: ['forgetClerk', 'cancelClerkTimeout'] },
        'clerk.changed': {
          guard: 'isClerkChanged',
          target: '.waitingForClerk',
          actions: ['noteClerk', 'cancelClerkTimeout', 'startClerkTimeout'],
        },
        'clerk.late': { guard: 'isClerkLate', actions: 'noteClerkLate' },
        'focus.gained': { actions: 'noteFocus' },
        'focus.lost': { actions: 'noteFocusLost' },
        'network.online': { actions: 'rearm' },
        'view.aged': { actions: 'forgetViewExpiry' },
      },
      always: [
        { guard: and(['hasServerView', 'isAssertionRedundant']), actions: 'skipAssertion' },
        { guard: 'isViewExpiryMoved', actions: ['cancelViewExpiryTimer', 'noteViewExpiry', 'startViewExpiryTimer'] },
        { guard: 'isNewFailure', actions: 'keepFailure' },
      ],
      states: {
        waitingForClerk: {
          description: 'Clerk is loading. Every new attempt also starts here.',
          always: [
            { guard: 'isClerkSignedOut', target: 'signedOut' },
            { guard: 'isClerkSignedIn', target: 'fetchingToken' },
          ],
        },
        signedOut: {
          description: 'Clerk says that no user is signed in. The server is told if necessary.',
          on: { 'retry.requested': { actions: 'noteRetry' } },
          always: [
            { guard: and(['hasServerView', 'isClearDue']), target: 'posting' },
            { guard: and(['hasServerView', 'isClearUnneeded']), actions: 'settle' },
          ],
        },
        fetchingToken: {
          description: 'Clerk says that a user is signed in. The server is told if necessary.',
          initial: 'waitingForStream',
          always: { guard: 'isOverruled', target: 'confirmed' },
          states: {
            waitingForStream: {
              description: 'The server has to show its view first.',
              always: [
                { guard: and(['hasServerView', or(['isTokenDue', 'isExpiring'])]), target: 'requesting' },
                { guard: 'hasServerView', target: '#sync.session.confirmed' },
                { guard: 'isStreamFailing', target: '#sync.session.degraded', actions: 'noteStreamFailure' },
              ],
            },
            requesting: {
              description: 'The client asks Clerk for a token, the cached one first.',
              entry: 'chooseCache',
              invoke: {
                src: 'fetchToken',
                input: ({ context }) => ({ skipCache: context.isFresh }),
                onDone: [
                  { guard: 'isPostedAlready', target: 'requesting', reenter: true, actions: 'requireFreshToken' },
                  { target: '#sync.session.posting', actions: 'holdToken' },
                ],
                onError: { target: '#sync.session.retrying', actions: 'noteFailure' },
              },
              after: {
                tokenTimeout: {
                  target: '#sync.session.retrying',
                  actions: { type: 'noteTimeout', params: 'clerk-timeout' },
                },
              },
            },
          },
        },
        posting: {
          description: 'One post is on its way: a token, or the end of a session.',
          entry: 'numberPost',
          invoke: {
            src: 'postEvent',
            input: ({ context }) => toPost(context),
            onDone: [
              { guard: 'isClerkSignedOut', target: 'signedOut', actions: ['takeAnswer', 'settle'] },
              { guard: { type: 'isAnswer', params: 'agreed' }, target: 'confirmed', actions: 'takeAnswer' },
              { guard: { type: 'isAnswer', params: 'overruled' }, target: 'confirmed', actions: 'takeAnswer' },
              {
                guard: { type: 'isAnswer', params: 'requireFreshToken' },
                target: 'fetchingToken.requesting',
                actions: ['takeAnswer', 'requireFreshToken'],
              },
              { target: 'retrying', actions: ['takeAnswer', 'noteViewError'] },
            ],
            onError: [
              {
                guard: 'isCachedTokenRefused',
                target: 'fetchingToken.requesting',
                actions: ['takeErrorView', 'requireFreshToken'],
              },
              { target: 'retrying', actions: ['takeErrorView', 'noteFailure'] },
            ],
          },
          after: {
            stallDelay: { actions: 'noteStall' },
            postTimeout: { target: 'retrying', actions: { type: 'noteTimeout', params: 'network-failed' } },
          },
        },
        confirmed: {
          description: 'The server knows the identity of this tab. The token is renewed in time.',
          entry: 'settle',
          exit: 'resetFailures',
          on: {
            'view.received': { guard: 'isTokenExpiryMoved', target: 'confirmed', reenter: true },
            'ping.received': { guard: 'isClockMoved', target: 'confirmed', reenter: true },
            'stream.shared': { guard: 'isRoleNew', target: 'confirmed', reenter: true },
          },
          always: [
            { guard: 'isRefused', target: 'retrying', actions: 'noteViewError' },
            { guard: and(['isAssertionDue', 'isTokenDue']), target: 'fetchingToken' },
            { guard: 'isLost', target: 'retrying', actions: 'noteViewError' },
          ],
          after: { renewalDelay: 'fetchingToken' },
        },
        retrying: {
          description: 'An attempt failed; the next one waits.',
          entry: 'disarm',
          on: { 'retry.requested': { actions: 'noteRetry' } },
          always: [
            { guard: 'isSpent', target: 'degraded' },
            { guard: 'mayRetryNow', target: 'waitingForClerk' },
            { guard: 'isCurrent', target: 'confirmed' },
            { guard: 'isClearRedundant', target: 'signedOut' },
          ],
          after: { retryDelay: 'waitingForClerk' },
        },
        degraded: {
          description: 'The client gave up without signing out. It tries again on any news, else rarely.',
          entry: 'disarm',
          on: {
            'ping.received': { guard: and(['isClockMoved', 'isRetryable']), target: 'waitingForClerk' },
            'retry.requested': { actions: 'noteRetry' },
          },
          always: [
            { guard: 'mayRetryNow', target: 'waitingForClerk' },
            { guard: 'isCurrent', target: 'confirmed' },
            { guard: 'isClearRedundant', target: 'signedOut' },
          ],
          after: { degradedDelay: { guard: 'isRetryable', target: 'waitingForClerk' } },
        },
      },
    },
  },
})
