import { tanstackStart } from '@tanstack/react-start/plugin/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// One origin in development and in production, as the auth server and Clerk's tokens know it.
const port = Number(process.env.PORT ?? 3000)

export default defineConfig({ plugins: [tanstackStart(), react()], server: { port, strictPort: true } })
