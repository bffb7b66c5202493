import type { InspectedStep } from '../session-log.ts'
import { byId } from './elements.ts'

const scrub = byId('scrub') as HTMLInputElement
const place = byId('place')
const live = byId('live')
const play = byId('play')

/** Time for which a replay shows each step, ms. */
const pace = 700

export interface Player {
  /** Sets the steps to show. */
  load(steps: readonly InspectedStep[], isFirst: boolean): void
  /** Shows one step, and stops there. */
  goTo(seq: number): void
}

/** Creates the player, which selects the step to show: the newest one, a chosen one, or one after the other. */
export function createPlayer(
  onShow: (step: InspectedStep | undefined, before: InspectedStep | undefined) => void,
): Player {
  let steps: readonly InspectedStep[] = []
  let chosen: number | null = null
  let timer: ReturnType<typeof setInterval> | undefined

  const last = () => Math.max(steps.length - 1, 0)
  const index = () => {
    const found = steps.findIndex(({ seq }) => seq === chosen)
    return chosen === null ? last() : Math.max(found, 0)
  }

  function show() {
    const at = index()
    scrub.max = String(last())
    scrub.value = String(at)
    scrub.setAttribute('aria-valuetext', steps[at]?.event.label ?? '')
    place.textContent = steps.length === 0 ? '' : `${at + 1} of ${steps.length}`
    live.setAttribute('aria-pressed', String(chosen === null))
    play.setAttribute('aria-pressed', String(timer !== undefined))
    onShow(steps[at], steps[at - 1])
  }
  function pause() {
    clearInterval(timer)
    timer = undefined
  }
  function choose(at: number) {
    pause()
    chosen = steps[Math.min(Math.max(at, 0), last())]?.seq ?? null
    show()
  }
  function follow() {
    pause()
    chosen = null
    show()
  }
  function replay() {
    if (timer !== undefined) return choose(index())
    const start = index() >= last() ? 0 : index()
    choose(start)
    timer = setInterval(() => {
      if (index() >= last()) return follow()
      chosen = steps[index() + 1]?.seq ?? null
      show()
    }, pace)
    show()
  }

  const actions: Readonly<Record<string, () => void>> = {
    first: () => choose(0),
    back: () => choose(index() - 1),
    forth: () => choose(index() + 1),
    live: follow,
    play: replay,
  }
  for (const [id, act] of Object.entries(actions)) byId(id).addEventListener('click', act)
  scrub.addEventListener('input', () => choose(Number(scrub.value)))
  const keys: Readonly<Record<string, string>> = {
    Home: 'first',
    End: 'live',
    ArrowLeft: 'back',
    ArrowRight: 'forth',
    ' ': 'play',
  }
  document.addEventListener('keydown', (event) => {
    const isBusy =
      event.target instanceof HTMLInputElement || (event.key === ' ' && event.target instanceof HTMLButtonElement)
    const act = actions[keys[event.key] ?? '']
    if (!act || isBusy || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    act()
  })

  return {
    load(loaded, isFirst) {
      steps = loaded
      if (isFirst) follow()
      else show()
    },
    goTo(seq) {
      choose(steps.findIndex((step) => step.seq === seq))
    },
  }
}
