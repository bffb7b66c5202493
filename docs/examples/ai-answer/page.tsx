import { useEffect, useRef, useState, type SyntheticEvent } from 'react'
import { startPage } from '../shared/shell.tsx'

function Questions() {
  const [answer, setAnswer] = useState('')
  const [status, setStatus] = useState('')
  const leaving = useRef<AbortController | null>(null)
  // The user may leave, or be signed out, while an answer comes.
  useEffect(() => () => leaving.current?.abort(), [])

  async function ask(event: SyntheticEvent<HTMLFormElement>) {
    event.preventDefault()
    const question = new FormData(event.currentTarget).get('question')
    leaving.current?.abort()
    const { signal } = (leaving.current = new AbortController())
    setAnswer('')
    setStatus('The answer comes …')
    try {
      const response = await fetch('/api/answer', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ question }),
        signal,
      })
      if (!response.ok || !response.body) throw new Error(`The server answered ${response.status}`)
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const { value } = part
        setAnswer((text) => text + value)
      }
      setStatus('The answer is complete.')
    } catch {
      if (!signal.aborted) setStatus('The answer was cut off.')
    }
  }

  return (
    <>
      <form onSubmit={(event) => void ask(event)}>
        <input name="question" aria-label="Your question" placeholder="What is a statechart?" required />{' '}
        <button>Ask</button>
      </form>
      <p id="answer">{answer}</p>
      <p role="status">{status}</p>
    </>
  )
}

startPage('Ask a question', <Questions />)
