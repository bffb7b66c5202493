import { authMachine } from 'authchart'
import { describe, expect, it } from 'vitest'
import { and, createMachine, fromPromise, not, or, setup } from 'xstate'
import { toActiveIds } from '../../docs/demo/src/chart/to-active.ts'
import { toGraph } from '../../docs/demo/src/chart/to-graph.ts'

const machine = setup({
  actors: { hinge: fromPromise(async () => {}) },
  actions: { note: () => {} },
  guards: { isOpen: () => true, isLate: () => true, isWanted: () => true },
  delays: { patience: 10 },
}).createMachine({
  id: 'door',
  initial: 'shut',
  on: { 'all.reset': '.shut', 'all.noted': { actions: 'note' } },
  states: {
    shut: {
      description: 'Nobody gets in.',
      on: { push: [{ guard: 'isOpen', target: 'ajar' }, { guard: 'isLate', target: 'ajar' }, { target: 'stuck' }] },
    },
    ajar: {
      initial: 'still',
      invoke: { src: 'hinge', onDone: 'shut', onError: 'stuck' },
      on: { nudge: '.moving' },
      states: {
        still: { always: { guard: 'isWanted', target: 'moving' } },
        moving: { after: { patience: 'still', 5: '#door.stuck' }, on: { stop: { target: '#door.ajar' } } },
      },
    },
    stuck: {},
  },
})

const graph = toGraph(machine)
const arrow = (id: string) => graph.transitions.find((transition) => transition.id === id)
const state = (id: string) => graph.states.find((state) => state.id === id)

describe('a machine as a graph', () => {
  it('has every state, nested in its parent, with what it invokes', () => {
    expect(graph.states.filter(({ kind }) => kind !== 'any').map(({ id, parent }) => [id, parent])).toEqual([
      ['door.shut', null],
      ['door.ajar', null],
      ['door.ajar.still', 'door.ajar'],
      ['door.ajar.moving', 'door.ajar'],
      ['door.stuck', null],
    ])
    expect(state('door.shut')).toMatchObject({ isInitial: true, description: 'Nobody gets in.' })
    expect(state('door.ajar')).toMatchObject({ kind: 'compound', isInitial: false, invokes: ['hinge'] })
  })

  it('joins the transitions between two states in one arrow, and the guards of one event in one line', () => {
    expect(arrow('door.shut -> door.ajar')?.lines).toEqual([
      { event: 'push', guards: ['isOpen', 'isLate'], actions: [] },
    ])
  })

  it('names the events of invokes and delays as a reader would', () => {
    expect(arrow('door.ajar -> door.shut')?.lines[0]?.event).toBe('hinge done')
    expect(arrow('door.ajar -> door.stuck')?.lines[0]?.event).toBe('hinge failed')
    expect(arrow('door.ajar.moving -> door.stuck')?.lines[0]?.event).toBe('after 5 ms')
    expect(arrow('door.ajar.still -> door.ajar.moving')?.lines[0]).toMatchObject({
      event: 'always',
      guards: ['isWanted'],
    })
  })

  it('draws an inward transition of an enclosing state from its mark for any state', () => {
    expect(arrow('door:any -> door.shut')?.lines[0]?.event).toBe('all.reset')
    expect(arrow('door.ajar:any -> door.ajar.moving')?.lines[0]?.event).toBe('nudge')
  })

  it('ends a transition to an enclosing state where that one starts', () => {
    expect(arrow('door.ajar.moving -> door.ajar.still')?.lines.map(({ event }) => event)).toEqual([
      'stop',
      'after patience',
    ])
  })

  it('spells out guards that consist of other guards', () => {
    const guarded = setup({ guards: { a: () => true, b: () => true, c: () => true } }).createMachine({
      initial: 'from',
      states: { from: { on: { go: { guard: and(['a', or(['b', not('c')])]), target: 'to' } } }, to: {} },
    })
    expect(toGraph(guarded).transitions[0]?.lines[0]?.guards).toEqual(['a and (b or (not c))'])
  })

  it('lists transitions that stay in a state separately', () => {
    expect(state('door:any')?.internal).toEqual([{ event: 'all.noted', guards: [], actions: ['note'] }])
  })

  it('omits no transition of the auth machine', () => {
    const all = toGraph(authMachine)
    const lines = [...all.transitions.flatMap(({ lines }) => lines), ...all.states.flatMap(({ internal }) => internal)]
    const events = new Set(lines.map(({ event }) => event))
    for (const event of authMachine.events.filter((event) => !event.startsWith('xstate.'))) {
      expect(events, event).toContain(event)
    }
    for (const event of ['verifyToken done', 'verifyToken failed', 'after verifyTimeout', 'after expiry', 'always']) {
      expect(events, event).toContain(event)
    }
    const ids = new Set(all.states.map(({ id }) => id))
    for (const { source, target } of all.transitions) {
      expect(ids, source).toContain(source)
      expect(ids, target).toContain(target)
    }
  })
})

describe('the highlighted states of a value', () => {
  it('are the state and its ancestors', () => {
    expect(toActiveIds(machine, 'shut')).toEqual(['door.shut'])
    expect(toActiveIds(machine, { ajar: 'moving' })).toEqual(['door.ajar', 'door.ajar.moving'])
  })

  it('are those of every region', () => {
    const parallel = createMachine({
      id: 'both',
      type: 'parallel',
      states: { one: { initial: 'a', states: { a: {} } }, two: { initial: 'b', states: { b: {} } } },
    })
    expect(toActiveIds(parallel, { one: 'a', two: 'b' })).toEqual(['both.one', 'both.one.a', 'both.two', 'both.two.b'])
    expect(toGraph(parallel).isParallel).toBe(true)
  })
})
