import type { InspectedStep } from '../session-log.ts'
import { byId } from './elements.ts'
import { toStateIds, toStateText } from './texts.ts'

const canvas = byId('canvas')
const about = byId('about')

const fit = byId('fit')
fit.addEventListener('click', () => {
  const isFit = canvas.classList.toggle('is-fit')
  fit.setAttribute('aria-pressed', String(isFit))
})

/** Lights the states after a step, the arrows that it took, and the arrows that lead on from there. */
export function showChart(machine: string, step: Pick<InspectedStep, 'value' | 'arrows'> | undefined): void {
  const chart = canvas.querySelector<HTMLElement>(`[data-chart="${CSS.escape(machine)}"]`)
  for (const other of canvas.querySelectorAll<HTMLElement>('[data-chart]')) other.hidden = other !== chart
  const active = step ? toStateIds(machine, step.value) : []
  canvas.setAttribute('aria-label', `Statechart of ${machine}; lit: ${step ? toStateText(step.value) : 'nothing'}`)
  about.textContent = machine && !chart ? 'There is no picture of this machine: only what a server runs is drawn.' : ''
  if (!chart) return

  const sources = new Set([`${machine}:any`, ...active.flatMap((id) => [id, `${id}:any`])])
  for (const state of chart.querySelectorAll<SVGElement>('.state')) {
    state.classList.toggle('is-active', active.includes(state.dataset['state'] ?? ''))
  }
  for (const arrow of chart.querySelectorAll<SVGElement>('[data-arrow]')) {
    const isTaken = step?.arrows.includes(arrow.dataset['arrow'] ?? '') ?? false
    arrow.classList.toggle('is-taken', isTaken)
    arrow.classList.toggle('is-possible', !isTaken && sources.has(arrow.dataset['source'] ?? ''))
  }
  const innermost = chart.querySelector<SVGElement>(`[data-state="${CSS.escape(active.at(-1) ?? '')}"]`)
  about.textContent = innermost?.querySelector('title')?.textContent?.split('\n')[0] ?? ''
  if (innermost) follow(innermost)
}

/** Scrolls the chart to the lit state if that is out of sight. */
function follow(state: SVGElement): void {
  const frame = canvas.getBoundingClientRect()
  const box = state.getBoundingClientRect()
  const isSeen =
    box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom
  if (isSeen) return
  canvas.scrollBy({
    left: box.left + box.width / 2 - frame.left - frame.width / 2,
    top: box.top + box.height / 2 - frame.top - frame.height / 2,
    behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth',
  })
}
