import { headers } from 'next/headers'
import { Suspense } from 'react'
import { getAuth } from '../lib/auth'
import { App } from './app'

export default function Page() {
  return (
    <Suspense fallback="One moment…">
      <Session />
    </Suspense>
  )
}

async function Session() {
  const auth = await getAuth()
  const request = { headers: await headers() }
  return <App initialView={await auth.publicView(request)} />
}
