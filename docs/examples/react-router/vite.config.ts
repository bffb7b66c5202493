import { reactRouter } from '@react-router/dev/vite'
import { defineConfig } from 'vite'

// One origin in development and in production, as the auth server and Clerk's tokens know it.
const port = Number(process.env.PORT ?? 3000)

export default defineConfig({ plugins: [reactRouter()], server: { port, strictPort: true } })
