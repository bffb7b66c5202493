import { useLoaderData } from 'react-router'
import { App } from '../app'
import { getAuth } from '../auth.server'

export async function loader({ request }: { request: Request }) {
  return { publishableKey: process.env.CLERK_PUBLISHABLE_KEY!, initialView: await getAuth().publicView(request) }
}

export default function Home() {
  return <App {...useLoaderData<typeof loader>()} />
}
