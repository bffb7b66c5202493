// @vitest-environment happy-dom
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { watchPage } from '../../adapters/browser/page-signals.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function watch() {
  const told: string[] = []
  const end = watchPage(({ type }) => told.push(type))
  onTestFinished(end)
  const dispatch = (target: EventTarget, type: string) => {
    target.dispatchEvent(new Event(type))
    return told.splice(0)
  }
  return {
    end,
    dispatch,
    /** Returns the signals of an event. The document is visible and has focus, unless the options say otherwise. */
    on(target: EventTarget, type: string, { isVisible = true, hasFocus = true } = {}) {
      vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(isVisible ? 'visible' : 'hidden')
      vi.spyOn(document, 'hasFocus').mockReturnValue(hasFocus)
      return dispatch(target, type)
    },
  }
}

it('report focus gained and lost, and the network', () => {
  const { on } = watch()
  expect(on(window, 'focus')).toEqual(['focus.gained'])
  expect(on(window, 'blur', { hasFocus: false })).toEqual(['focus.lost'])
  expect(on(window, 'online')).toEqual(['network.online'])
})

it('report that connections may be dead when a page comes back from the back/forward cache, or was frozen', () => {
  const { dispatch } = watch()
  vi.spyOn(document, 'hasFocus').mockReturnValue(true)
  expect(dispatch(document, 'resume')).toEqual(['network.online'])
  expect(dispatch(window, 'pageshow')).toEqual([])
  const told: string[] = []
  onTestFinished(watchPage(({ type }) => told.push(type)))
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
  expect(told).toEqual(['network.online', 'focus.gained'])
})

it('report lost focus when an inner frame takes it, whose own loss of it the page would not hear of', () => {
  expect(watch().on(window, 'blur')).toEqual(['focus.lost'])
})

it('treat becoming visible as a short focus if another window has the focus', () => {
  const { on } = watch()
  expect(on(document, 'visibilitychange', { hasFocus: false })).toEqual(['focus.gained', 'focus.lost'])
  expect(on(document, 'visibilitychange', { isVisible: false, hasFocus: false })).toEqual(['focus.lost'])
})

it('report nothing once ended', () => {
  const { on, end } = watch()
  end()
  expect(['focus', 'blur', 'online'].flatMap((type) => on(window, type))).toEqual([])
})

const fault = () => {
  throw new DOMException('refused', 'SecurityError')
}

describe('in a browser that lacks or refuses something', () => {
  it.each<[how: string, prepare: () => unknown]>([
    ['visibility throws', () => vi.spyOn(document, 'visibilityState', 'get').mockImplementation(fault)],
    ['visibility is missing', () => vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(undefined as never)],
  ])('counts a page whose %s as in view', (_, prepare) => {
    const { dispatch } = watch()
    prepare()
    vi.spyOn(document, 'hasFocus').mockReturnValue(true)
    expect(dispatch(document, 'visibilitychange')).toEqual(['focus.gained'])
  })

  it.each<[how: string, hasFocus: unknown]>([
    ['throws', fault],
    ['is missing', undefined],
  ])('counts a page in view as one that has focus where hasFocus %s', (_, hasFocus) => {
    const { dispatch } = watch()
    const visibility = vi.spyOn(document, 'visibilityState', 'get')
    Object.defineProperty(document, 'hasFocus', { value: hasFocus, configurable: true })
    onTestFinished(() => void Reflect.deleteProperty(document, 'hasFocus'))
    visibility.mockReturnValue('visible')
    expect(dispatch(window, 'focus')).toEqual(['focus.gained'])
    visibility.mockReturnValue('hidden')
    expect(dispatch(document, 'visibilitychange')).toEqual(['focus.lost'])
  })

  it('report the other events if one cannot be listened to', () => {
    vi.spyOn(document, 'addEventListener').mockImplementation(fault)
    const { dispatch, end } = watch()
    expect(dispatch(window, 'online')).toEqual(['network.online'])
    expect(dispatch(window, 'blur')).toEqual(['focus.lost'])
    vi.spyOn(document, 'removeEventListener').mockImplementation(fault)
    end()
    expect(dispatch(window, 'online')).toEqual([])
  })

  it('report nothing without addEventListener', () => {
    vi.stubGlobal('addEventListener', undefined)
    vi.spyOn(document, 'addEventListener').mockImplementation(fault)
    const { dispatch, end } = watch()
    expect(dispatch(window, 'online')).toEqual([])
    end()
  })
})

it.each<[how: string, prepare: () => unknown]>([
  [
    'ignores the option `signal` of addEventListener, as before 2021,',
    () => {
      for (const target of [window, document]) {
        const add = target.addEventListener.bind(target)
        target.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => add(type, listener)
        onTestFinished(() => void Object.assign(target, { addEventListener: add }))
      }
    },
  ],
  ['has no AbortController', () => vi.stubGlobal('AbortController', undefined)],
])('ends as well in a browser that %s', (_, prepare) => {
  prepare()
  const { dispatch, end } = watch()
  expect(dispatch(window, 'online')).toEqual(['network.online'])
  end()
  expect(['focus', 'blur', 'online'].flatMap((type) => dispatch(window, type))).toEqual([])
})
