import { useAuthState } from 'authchart/react'
import { useEffect, useState } from 'react'

export interface SeenServersProps {
  /** The route that says which server has answered, as JSON. */
  readonly path: string
  /** The member of its answer that names the server. */
  readonly name: string
}

/** Asks once a second, and lists the servers that have answered in the last ten answers. */
export function SeenServers({ path, name }: SeenServersProps) {
  const userId = useAuthState((view) => view.userId)
  const [seen, setSeen] = useState<readonly string[]>([])
  useEffect(() => {
    const ask = async () => {
      const response = await fetch(path).catch(() => null)
      if (!response?.ok) return
      const answer = (await response.json()) as Record<string, unknown>
      setSeen((before) => [...before.slice(-9), String(answer[name])])
    }
    void ask()
    const timer = setInterval(() => void ask(), 1_000)
    return () => clearInterval(timer)
  }, [path, name])
  return (
    <>
      <p>Every one of them knows you as {userId}:</p>
      <ul>
        {[...new Set(seen)].toSorted().map((server) => (
          <li key={server}>{server}</li>
        ))}
      </ul>
    </>
  )
}
