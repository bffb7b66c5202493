// @vitest-environment happy-dom
import { expect, it, onTestFinished, vi } from 'vitest'
import { watchPage } from '../../adapters/browser/page-signals.ts'

function watch() {
  const told: string[] = []
  const end = watchPage(({ type }) => told.push(type))
  onTestFinished(end)
  onTestFinished(() => void vi.restoreAllMocks())
  return {
    end,
    /** What is told of an event, where the document is in view and has focus, or not. */
    on(target: EventTarget, type: string, { isVisible = true, hasFocus = true } = {}) {
      vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(isVisible ? 'visible' : 'hidden')
      vi.spyOn(document, 'hasFocus').mockReturnValue(hasFocus)
      target.dispatchEvent(new Event(type))
      return told.splice(0)
    },
  }
}

it('tells of focus gained and lost, and of the network', () => {
  const { on } = watch()
  expect(on(window, 'focus')).toEqual(['focus.gained'])
  expect(on(window, 'blur', { hasFocus: false })).toEqual(['focus.lost'])
  expect(on(window, 'online')).toEqual(['network.online'])
})

it('tells that focus is lost where an inner frame takes it, whose own loss of it the page would not hear of', () => {
  expect(watch().on(window, 'blur')).toEqual(['focus.lost'])
})

it('takes coming into view for a focus that does not last, where another window has it', () => {
  const { on } = watch()
  expect(on(document, 'visibilitychange', { hasFocus: false })).toEqual(['focus.gained', 'focus.lost'])
  expect(on(document, 'visibilitychange', { isVisible: false, hasFocus: false })).toEqual(['focus.lost'])
})

it('tells of nothing once ended', () => {
  const { on, end } = watch()
  end()
  expect(['focus', 'blur', 'online'].flatMap((type) => on(window, type))).toEqual([])
})
