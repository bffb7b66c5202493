import type { InspectedSession, InspectedStep } from '../session-log.ts'
import { showChart } from './chart.ts'
import { byId, create, keepList } from './elements.ts'
import { createPlayer } from './player.ts'
import { openStream } from './stream.ts'
import { toFieldText, toSpan, toStateText, toTime, toTone } from './texts.ts'

/** Number of steps to keep here: as many as the server had, and at least the server's default. */
let mostSteps = 200

const search = byId('search') as HTMLInputElement
let sessions: readonly InspectedSession[] = []
let watched: string | null = null
let steps: InspectedStep[] = []
/** The server's clock minus this one's, ms. */
let offset = 0

const player = createPlayer(showStep)
const stream = openStream((update, isFirst) => {
  const isOther = update.watched !== watched
  ;({ sessions, watched } = update)
  offset = update.now - Date.now()
  if (isFirst) mostSteps = Math.max(mostSteps, update.steps.length)
  steps = [...(isFirst || isOther ? [] : steps), ...update.steps].slice(-mostSteps)
  showSessions()
  showTrail()
  setText(byId('why'), update.explanation ? `Now: ${update.explanation}` : '')
  player.load(steps, isOther)
})
search.addEventListener('input', showSessions)
setInterval(showSessions, 1_000)

function watch(key: string) {
  if (key === watched) return
  steps = []
  stream.watch(key)
}

function showSessions() {
  const wanted = search.value.trim().toLowerCase()
  const isWanted = ({ name, userId, machine, value }: InspectedSession) =>
    `${name} ${userId ?? ''} ${machine} ${toStateText(value)}`.toLowerCase().includes(wanted)
  const shown = sessions.filter(isWanted).toSorted(byInterest)
  byId('count').textContent = wanted ? `${shown.length} of ${sessions.length}` : String(sessions.length)
  byId('none').hidden = sessions.length > 0
  keepList(byId('sessions'), shown, ({ key }) => key, makeSession, showSession)
  showTitle()
}

/** Sorts the signing keys first, then the sessions that have not ended, with the newest on top. */
function byInterest(a: InspectedSession, b: InspectedSession): number {
  return (
    Number(a.isOver) - Number(b.isOver) ||
    Number(a.machine === 'auth') - Number(b.machine === 'auth') ||
    b.startedAt - a.startedAt
  )
}

function makeSession({ key }: InspectedSession): HTMLElement {
  const item = create('li', '')
  const button = create('button', 'session')
  const lines = [create('span', 'line'), create('span', 'line')] as const
  lines[0].append(create('span', 'name'), create('span', 'age'))
  lines[1].append(create('span', 'user'), create('span', 'pill'))
  button.append(...lines)
  button.addEventListener('click', () => watch(key))
  item.append(button)
  return item
}

function showSession(item: HTMLElement, session: InspectedSession) {
  const button = item.firstElementChild as HTMLElement
  const [name, age, user, pill] = Array.from(button.querySelectorAll('.line > *')) as [
    HTMLElement,
    HTMLElement,
    HTMLElement,
    HTMLElement,
  ]
  button.setAttribute('aria-current', String(session.key === watched))
  button.classList.toggle('is-over', session.isOver)
  setText(name, session.name)
  showPill(pill, session)
  setText(user, session.machine === 'auth' ? (session.userId ?? 'nobody') : `${session.machine}Machine`)
  const idle = Math.max(Date.now() + offset - session.changedAt, 0)
  setText(age, session.isOver ? 'over' : idle < 1_000 ? 'now' : `${toSpan(idle).replace(/\.\d/, '')} ago`)
}

function showPill(pill: HTMLElement, { value }: Pick<InspectedSession, 'value'>) {
  pill.dataset['tone'] = toTone(value)
  setText(pill, toStateText(value))
}

function showTitle() {
  const session = sessions.find(({ key }) => key === watched)
  setText(byId('title'), session ? session.name : 'No session')
  setText(
    byId('who'),
    session
      ? [`${session.machine}Machine`, session.userId, session.isOver ? 'over' : null].filter(Boolean).join(' · ')
      : '',
  )
}

function showTrail() {
  const list = byId('steps')
  const newest = steps.toReversed()
  keepList(list, newest, toStepKey, makeStep, (item, step, index) => {
    const before = newest[index + 1]
    const gap = item.querySelector('.gap') as HTMLElement
    setText(gap, before ? `+${toSpan(step.at - before.at)}` : '')
  })
}

/** The key contains the session, because the steps of two sessions have the same numbers. */
const toStepKey = ({ seq }: InspectedStep) => `${watched} ${seq}`

function makeStep(step: InspectedStep): HTMLElement {
  const { seq, at, event, value } = step
  const item = create('li', '')
  const button = create('button', 'step')
  const state = create('span', 'pill', toStateText(value))
  state.dataset['tone'] = toTone(value)
  button.append(create('time', '', toTime(at)), create('span', 'gap'), create('span', 'event', event.label), state)
  const fields = Object.entries(event.fields).filter(([, field]) => field !== null)
  if (fields.length > 0) {
    const text = fields.map(([name, field]) =>
      name === 'error' ? toFieldText(field) : `${name} ${toFieldText(field)}`,
    )
    button.append(create('span', 'fields', text.join(' · ')))
  }
  button.addEventListener('click', () => player.goTo(seq))
  item.append(button)
  return item
}

function showStep(step: InspectedStep | undefined, before: InspectedStep | undefined) {
  const session = sessions.find(({ key }) => key === watched)
  showChart(session?.machine ?? '', step)
  showPill(byId('now'), { value: step?.value ?? {} })
  for (const item of byId('steps').children) {
    const isShown = (item as HTMLElement).dataset['key'] === (step && toStepKey(step))
    item.firstElementChild?.setAttribute('aria-current', String(isShown))
    if (isShown && item.parentElement) bringIntoView(item as HTMLElement, item.parentElement)
  }
  showContext(step, before)
}

/** Scrolls only the list, and not the page with it. */
function bringIntoView(item: HTMLElement, list: HTMLElement) {
  const top = item.offsetTop - list.offsetTop
  if (top < list.scrollTop) list.scrollTop = top
  else if (top + item.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = top + item.offsetHeight - list.clientHeight
  }
}

function showContext(step: InspectedStep | undefined, before: InspectedStep | undefined) {
  const rows = Object.entries(step?.context ?? {}).map(([name, field]) => {
    const text = toFieldText(field)
    const isNew = before !== undefined && toFieldText(before.context[name]) !== text
    const row = create('div', isNew ? 'is-new' : '')
    row.append(create('dt', '', name), create('dd', '', text))
    return row
  })
  byId('context').replaceChildren(...rows)
}

function setText(element: HTMLElement, text: string) {
  if (element.textContent !== text) element.textContent = text
}
