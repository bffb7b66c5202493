import { ClerkProvider } from '@clerk/tanstack-react-start'
import { HeadContent, Outlet, Scripts, createRootRoute } from '@tanstack/react-router'

export const Route = createRootRoute({
  component: () => (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <HeadContent />
      </head>
      <body>
        <ClerkProvider>
          <Outlet />
        </ClerkProvider>
        <Scripts />
      </body>
    </html>
  ),
})
