import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** `authchart` resolves to the built package, as for its users, so run `npm run build` first. */
export default defineConfig({
  plugins: [react()],
  build: {
    emptyOutDir: true,
    // elkjs is one large file. It is loaded separately when the chart is first drawn.
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
})
