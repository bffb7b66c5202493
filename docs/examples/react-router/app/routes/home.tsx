import { useLoaderData } from 'react-router'
import { App } from '../app'
import { getAuth } from '../auth.server'

export async function loader({ request }: { request: Request }) {
  return { initialView: await getAuth().publicView(request) }
}

export default function Home() {
  return <App {...useLoaderData<typeof loader>()} />
}
