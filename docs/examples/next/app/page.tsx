import { headers } from 'next/headers'
import { getAuth } from '../lib/auth'
import { App } from './app'

export default async function Page() {
  const request = { headers: await headers() }
  return <App initialView={await getAuth().publicView(request)} />
}
