import { createFileRoute } from '@tanstack/react-router'
import { createServerFn } from '@tanstack/react-start'
import { getRequest } from '@tanstack/react-start/server'
import { App } from '../app'
import { getAuth } from '../lib/auth'

const load = createServerFn().handler(async () => ({
  publishableKey: process.env.CLERK_PUBLISHABLE_KEY!,
  initialView: await getAuth().publicView(getRequest()),
}))

export const Route = createFileRoute('/')({
  loader: () => load(),
  component: () => <App {...Route.useLoaderData()} />,
})
