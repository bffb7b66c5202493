import { useSelector } from '@xstate/react'
import { useAuthClient } from 'authchart/react'
import { useEffect, useState } from 'react'

/** Returns the server's time, epoch ms. It moves on four times a second. */
export function useServerNow(): number {
  const offset = useSelector(useAuthClient().actor, ({ context }) => context.offset)
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [])
  return now + offset
}
