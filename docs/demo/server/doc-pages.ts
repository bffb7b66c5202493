import { readFile } from 'node:fs/promises'
import { HTTPError, type EventHandler } from 'h3'

const pages: ReadonlySet<unknown> = new Set(['errors', 'statechart', 'glossary'])

/** Serves the pages of the documentation that the demo refers to, as the text they are. Only listed names are read. */
export function createDocPages(directory: URL): EventHandler {
  return async (event) => {
    const name = event.context.params?.['page']?.replace(/\.md$/, '')
    if (!pages.has(name)) throw new HTTPError({ status: 404, message: 'Nothing is here' })
    const body = await readFile(new URL(`${name}.md`, directory), 'utf8')
    return new Response(body, { headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' } })
  }
}
