export { unitConfig as default } from './vitest.config.ts'
