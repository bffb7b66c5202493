import { and, or } from 'xstate'
import { createSyncContext } from './sync-context.ts'
import { toPost } from './sync-rules.ts'
import { syncSetup } from './sync-setup.ts'

/**
 * Keeps the server's view equal to what Clerk says in this tab. Region `stream` holds the server's event stream open;
 * region `poll` asks for the view where no stream gets through; region `session` reconciles, posting only while the server
 * is heard in one of the two ways, one post at a time.
 *
 * The host provides the actors: `openStream` sends `view.received`, `ping.received`, `retry.hinted`, and at its end
 * `stream.ended` or `stream.failed`; `fetchView` and `postEvent` ask the server; `fetchToken` asks Clerk.
 */
export const syncMachine = syncSetup.createMachine({
  id: 'sync',
  description: 'Keeps what the server knows equal to what Clerk says in this tab.',
  type: 'parallel',
  context: ({ input }) => createSyncContext(input),
  states: {
    stream: {
      description: 'The event stream of the server.',
      initial: 'closed',
      on: {
        'client.stopped': { target: '.closed', actions: ['forgetStream', 'disarmLapse'] },
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
        actions: ['noteUnshared', 'planReopening'],
      },
      states: {
        closed: {
          description: 'Not started, stopped, or refused.',
          entry: 'closeStream',
          exit: ['dropReopening', 'trustNodes'],
          on: {
            'client.started': { target: 'starting', actions: 'noteTab' },
            'clerk.changed': { guard: and(['isStreamRefused', 'isClerkNews']), target: 'starting' },
            'focus.gained': { guard: 'isStreamRefused', target: 'starting' },
            'network.online': { guard: 'isStreamRefused', target: 'starting' },
            'retry.wanted': { guard: 'isStreamRefused', target: 'starting' },
          },
        },
        starting: {
          description: 'About to ask for a stream. It stays so where none can be read: the view is asked for.',
          entry: 'noteStarting',
          always: { guard: 'canStream', target: 'connecting' },
        },
        connecting: {
          description: 'Asked for a stream; its first view is awaited.',
          entry: 'openStream',
          on: {
            'view.received': { target: 'open', actions: 'takeFirstView' },
            'network.online': { target: 'starting', actions: 'closeStream' },
          },
          after: {
            patience: { actions: 'noteMute' },
            watchdog: { target: 'backoff', actions: 'noteStreamLost' },
          },
        },
        open: {
          description: 'Views arrive. Given up when silent for 2.5 pings, or where its connection may be dead.',
          always: { guard: 'isOtherChannel', target: 'starting', actions: ['closeStream', 'hushReconnect'] },
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
            'retry.wanted': { guard: 'isOverdue', target: 'starting', actions: ['noteStreamLost', 'closeStream'] },
          },
          after: {
            look: [
              { guard: 'isSilent', target: 'starting', actions: ['noteStreamLost', 'closeStream'] },
              { guard: 'isOverdue', target: 'open', reenter: true, actions: 'noteMute' },
              { target: 'open', reenter: true },
            ],
            restoredFor: { guard: 'isRestored', actions: 'noteSteady' },
          },
        },
        backoff: {
          description: 'The stream broke; the next attempt waits.',
          entry: 'closeStream',
          always: { guard: 'isStreamRefused', target: 'closed', actions: 'planReopening' },
          on: {
            'focus.gained': { guard: 'mayReconnect', target: 'starting' },
            'network.online': { guard: 'mayReconnect', target: 'starting' },
            'retry.wanted': { guard: 'mayReconnect', target: 'starting' },
          },
          after: { reconnectDelay: 'starting', patience: { actions: 'noteMute' } },
        },
      },
    },
    poll: {
      description: 'Asks for the view where no stream gets through.',
      initial: 'off',
      on: { 'client.stopped': '.off' },
      states: {
        off: {
          description: 'A stream brings the view, or is about to.',
          always: { guard: 'isPollDue', target: 'asking' },
        },
        asking: {
          description: 'The view is asked for.',
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
          always: { guard: 'isPollOver', target: 'off' },
          after: { pollTimeout: { target: 'waiting', actions: 'notePollFailure' } },
        },
        waiting: {
          description: 'The view is asked for again in a few seconds.',
          always: { guard: 'isPollOver', target: 'off' },
          on: {
            'focus.gained': { guard: 'mayAskNow', target: 'asking' },
            'network.online': { guard: 'mayAskNow', target: 'asking' },
            'retry.wanted': { guard: 'mayAskNow', target: 'asking' },
          },
          after: { pollDelay: 'asking' },
        },
      },
    },
    session: {
      description: 'What this tab asserts, and whether the server agrees.',
      initial: 'waitingForClerk',
      on: {
        'client.started': { actions: 'awaitClerk' },
        'client.stopped': { target: '.waitingForClerk', actions: ['forgetClerk', 'stopAwaitingClerk'] },
        'clerk.changed': {
          guard: 'isClerkNews',
          target: '.waitingForClerk',
          actions: ['noteClerk', 'stopAwaitingClerk', 'awaitClerk'],
        },
        'clerk.late': { guard: 'isClerkLate', actions: 'noteClerkLate' },
        'focus.gained': { actions: 'noteFocus' },
        'focus.lost': { actions: 'noteFocusLost' },
        'network.online': { actions: 'rearm' },
        'view.aged': { actions: 'forgetLapse' },
      },
      always: [
        { guard: and(['hasServerView', 'isOccasionMoot']), actions: 'passOccasion' },
        { guard: 'isLapseMoved', actions: ['disarmLapse', 'noteLapse', 'armLapse'] },
        { guard: 'isNewFailure', actions: 'keepFailure' },
      ],
      states: {
        waitingForClerk: {
          description: 'Clerk loads. Every new attempt starts here.',
          always: [
            { guard: 'isClerkSignedOut', target: 'signedOut' },
            { guard: 'isClerkSignedIn', target: 'fetchingToken' },
          ],
        },
        signedOut: {
          description: 'Clerk says nobody is signed in; the server is told where it has to be.',
          on: { 'retry.wanted': { actions: 'noteRetry' } },
          always: [
            { guard: and(['hasServerView', 'isClearDue']), target: 'posting' },
            { guard: and(['hasServerView', 'isClearSpared']), actions: 'settle' },
          ],
        },
        fetchingToken: {
          description: 'Clerk says somebody is signed in; the server may have to hear of it.',
          initial: 'waitingForStream',
          always: { guard: 'isOverruled', target: 'confirmed' },
          states: {
            waitingForStream: {
              description: 'The server shows first what it knows.',
              always: [
                { guard: and(['hasServerView', or(['isTokenDue', 'isExpiring'])]), target: 'requesting' },
                { guard: 'hasServerView', target: '#sync.session.confirmed' },
                { guard: 'isStreamFailing', target: '#sync.session.degraded', actions: 'noteStreamFailure' },
              ],
            },
            requesting: {
              description: 'Asks Clerk for a token, the cached one first.',
              entry: 'chooseCache',
              invoke: {
                src: 'fetchToken',
                input: ({ context }) => ({ skipCache: context.isFresh }),
                onDone: [
                  { guard: 'isPostedAlready', target: 'requesting', reenter: true, actions: 'askAfresh' },
                  { target: '#sync.session.posting', actions: 'holdToken' },
                ],
                onError: { target: '#sync.session.retrying', actions: 'noteFailure' },
              },
              after: {
                tokenTimeout: {
                  target: '#sync.session.retrying',
                  actions: { type: 'noteLate', params: 'clerk-timeout' },
                },
              },
            },
          },
        },
        posting: {
          description: 'One post is in the air: a token, or the end of a session.',
          entry: 'numberPost',
          invoke: {
            src: 'postEvent',
            input: ({ context }) => toPost(context),
            onDone: [
              { guard: 'isClerkSignedOut', target: 'signedOut', actions: ['takeAnswer', 'settle'] },
              { guard: { type: 'isAnswer', params: 'agreed' }, target: 'confirmed', actions: 'takeAnswer' },
              { guard: { type: 'isAnswer', params: 'overruled' }, target: 'confirmed', actions: 'takeAnswer' },
              {
                guard: { type: 'isAnswer', params: 'askAfresh' },
                target: 'fetchingToken.requesting',
                actions: ['takeAnswer', 'askAfresh'],
              },
              { target: 'retrying', actions: ['takeAnswer', 'noteViewError'] },
            ],
            onError: [
              {
                guard: 'isCachedTokenRefused',
                target: 'fetchingToken.requesting',
                actions: ['takeErrorView', 'askAfresh'],
              },
              { target: 'retrying', actions: ['takeErrorView', 'noteFailure'] },
            ],
          },
          after: {
            stallDelay: { actions: 'noteStall' },
            postTimeout: { target: 'retrying', actions: { type: 'noteLate', params: 'network-failed' } },
          },
        },
        confirmed: {
          description: 'The server knows who this tab is. The token is renewed before it expires.',
          entry: 'settle',
          exit: 'forgiveFailures',
          on: {
            'view.received': { guard: 'isExpiryMoved', target: 'confirmed', reenter: true },
            'ping.received': { guard: 'isClockMoved', target: 'confirmed', reenter: true },
            'stream.shared': { guard: 'isRoleNew', target: 'confirmed', reenter: true },
          },
          always: [
            { guard: 'isRefused', target: 'retrying', actions: 'noteViewError' },
            { guard: and(['isOccasion', 'isTokenDue']), target: 'fetchingToken' },
            { guard: 'isLost', target: 'retrying', actions: 'noteViewError' },
          ],
          after: { renewalDelay: 'fetchingToken' },
        },
        retrying: {
          description: 'An attempt failed; the next one waits.',
          entry: 'disarm',
          on: { 'retry.wanted': { actions: 'noteRetry' } },
          always: [
            { guard: 'isSpent', target: 'degraded' },
            { guard: 'mayRetryNow', target: 'waitingForClerk' },
            { guard: 'isCurrent', target: 'confirmed' },
            { guard: 'isClearMoot', target: 'signedOut' },
          ],
          after: { retryDelay: 'waitingForClerk' },
        },
        degraded: {
          description: 'Gave up, without a sign-out. Tried again on any news, or rarely.',
          entry: 'disarm',
          on: {
            'ping.received': { guard: and(['isClockMoved', 'isRetryable']), target: 'waitingForClerk' },
            'retry.wanted': { actions: 'noteRetry' },
          },
          always: [
            { guard: 'mayRetryNow', target: 'waitingForClerk' },
            { guard: 'isCurrent', target: 'confirmed' },
            { guard: 'isClearMoot', target: 'signedOut' },
          ],
          after: { heartbeat: { guard: 'isRetryable', target: 'waitingForClerk' } },
        },
      },
    },
  },
})
