import { Window } from 'happy-dom'

/**
 * A page for React that keeps Node's own `Request`, `Response`, streams and timers. vitest's happy-dom environment
 * replaces them, and the real server in the same process does not work with the replacements. Import this file before
 * any part of React.
 */
const page = new Window({ url: 'http://localhost/' })
const names = [
  'document',
  'navigator',
  'Node',
  'Element',
  'HTMLElement',
  'HTMLIFrameElement',
  'MutationObserver',
] as const
for (const name of names) Object.defineProperty(globalThis, name, { value: page[name], configurable: true })
Object.defineProperty(globalThis, 'window', { value: page, configurable: true })
