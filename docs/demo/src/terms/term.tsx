import { useId, useRef, useState, type FocusEvent } from 'react'
import { explainTerm } from './explain-term.ts'

/** A term with its explanation, which opens on hover, on focus and on a tap, and closes on Escape. */
export function Term({ name }: { name: string }) {
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  const anchor = useRef<HTMLSpanElement>(null)
  const explained = explainTerm(name)
  if (!explained) return <code>{name}</code>
  const leave = (event: FocusEvent) => {
    if (!anchor.current?.contains(event.relatedTarget)) setOpen(false)
  }
  return (
    <span
      className="term"
      ref={anchor}
      onMouseEnter={() => setOpen(true)}
      onMouseLeave={() => setOpen(false)}
      onFocus={() => setOpen(true)}
      onBlur={leave}
      onKeyDown={({ key }) => key === 'Escape' && setOpen(false)}
    >
      <button type="button" className="term-name" aria-describedby={id} onClick={() => setOpen(true)}>
        {name}
      </button>
      {/* A screen reader hears the text with the term, so it is in the page while the bubble is closed. */}
      <span className="visually-hidden" id={id}>
        {explained.text}
      </span>
      {isOpen && <Bubble name={name} text={explained.text} page={explained.page} />}
    </span>
  )
}

/** Drawn in the top layer, so that no scrolling list cuts it off. */
function Bubble({ name, text, page }: { name: string; text: string; page: string }) {
  const show = (bubble: HTMLSpanElement | null) => {
    if (!bubble) return
    bubble.showPopover()
    const term = bubble.parentElement!.getBoundingClientRect()
    const { width, height } = bubble.getBoundingClientRect()
    const top = term.bottom + height > innerHeight ? term.top - height : term.bottom
    bubble.style.left = `${Math.max(8, Math.min(term.left, innerWidth - width - 8))}px`
    bubble.style.top = `${Math.max(8, top)}px`
  }
  return (
    <span className="bubble" popover="manual" ref={show}>
      {text}{' '}
      <a
        href={`/docs/${page}.md#:~:text=${encodeURIComponent(name).replaceAll('-', '%2D')}`}
        target="_blank"
        rel="noreferrer"
      >
        Read more<span className="visually-hidden"> about {name}</span>
      </a>
    </span>
  )
}
