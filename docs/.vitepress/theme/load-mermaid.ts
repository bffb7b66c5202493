import type { Mermaid } from 'mermaid'
import script from 'mermaid/dist/mermaid.min.js?url'

let loading: Promise<Mermaid> | undefined

/**
 * Loads the library that draws diagrams, from the site itself and only on a page that has one. It is a script of its own,
 * because bundling it takes four times as long as the rest of the site.
 */
export function loadMermaid(): Promise<Mermaid> {
  return (loading ??= new Promise((resolve, reject) => {
    const element = document.createElement('script')
    element.src = script
    element.addEventListener('load', () => resolve((globalThis as unknown as { mermaid: Mermaid }).mermaid))
    element.addEventListener('error', () => reject(new Error(`${script} could not be loaded`)))
    document.head.append(element)
  }))
}
