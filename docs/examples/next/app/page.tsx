import { headers } from 'next/headers'
import { getAuth } from '../lib/auth'
import { App } from './app'

export default async function Page() {
  const request = { headers: await headers() }
  const view = await getAuth().publicView(request)
  return <App publishableKey={process.env.CLERK_PUBLISHABLE_KEY!} initialView={view} />
}
