import { readFile, readdir } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { HTTPError, type EventHandler } from 'h3'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Serves a built page. The files are read once, so a path in a request never becomes a path on the disk.
 *
 * @throws Error if the page was not built
 */
export async function createPageFiles(directory: string): Promise<EventHandler> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new Error(`The page is not built: run "npx vite build docs/demo" (${directory})`, { cause })
  })
  const files = new Map<string, { body: Uint8Array<ArrayBuffer>; type: string }>()
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(directory.length).split(sep).join('/')
    files.set(name.startsWith('/') ? name : `/${name}`, {
      body: new Uint8Array(await readFile(path)),
      type: types[extname(path)] ?? 'application/octet-stream',
    })
  }
  return (event) => {
    const { pathname } = event.url
    const file = files.get(pathname === '/' ? '/index.html' : pathname)
    if (!file) throw new HTTPError({ status: 404, message: 'There is no file at this path' })
    // Vite names what it builds after its content, but for the page itself.
    const cache = pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
    return new Response(file.body, { headers: { 'content-type': file.type, 'cache-control': cache } })
  }
}
