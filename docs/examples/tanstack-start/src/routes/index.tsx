import { createFileRoute } from '@tanstack/react-router'
import { createServerFn } from '@tanstack/react-start'
import { getRequest } from '@tanstack/react-start/server'
import { App } from '../app'
import { getAuth } from '../lib/auth'

// `strict` does not know that claims, which may hold anything that JSON may, can be sent to the page.
const load = createServerFn({ strict: { output: false } }).handler(async () => ({
  initialView: await getAuth().publicView(getRequest()),
}))

export const Route = createFileRoute('/')({
  loader: () => load(),
  component: () => <App {...Route.useLoaderData()} />,
})
