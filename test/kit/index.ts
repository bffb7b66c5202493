export * from './clerk-emulator/index.ts'
