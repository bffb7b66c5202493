import { useEffect, useState } from 'react'
import { startPage } from '../shared/shell.tsx'
import type { Numbers } from './numbers.ts'

/** It is mounted only while the server says that the user is signed in. So it locks in every tab at once. */
function Dashboard() {
  const [numbers, setNumbers] = useState<Numbers | null>(null)
  useEffect(() => {
    const source = new EventSource('/api/numbers')
    source.addEventListener('message', ({ data }: MessageEvent<string>) => setNumbers(JSON.parse(data) as Numbers))
    return () => source.close()
  }, [])
  if (!numbers) return <p>One moment…</p>
  return (
    <>
      <dl>
        <Figure name="Load" value={numbers.load.toFixed(2)} />
        <Figure name="Memory in use" value={`${Math.round(numbers.memory * 100)} %`} />
        <Figure name="Signed-in browsers" value={numbers.signedIn} />
        <Figure name="Auth streams" value={numbers.tabs} />
      </dl>
      <p>
        Measured at <time>{new Date(numbers.time).toLocaleTimeString()}</time>. Open a second tab and sign out in one of
        them.
      </p>
    </>
  )
}

function Figure({ name, value }: { name: string; value: string | number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

startPage('Dashboard', <Dashboard />)
