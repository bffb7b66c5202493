import { headers } from 'next/headers'
import type { ReactNode } from 'react'
import { getAuth } from '../lib/auth'
import { Providers } from './providers'

export default async function Layout({ children }: { children: ReactNode }) {
  const request = { headers: await headers() }
  const view = await getAuth().publicView(request)
  return (
    <html lang="en">
      <body>
        <Providers initialView={view}>{children}</Providers>
      </body>
    </html>
  )
}
