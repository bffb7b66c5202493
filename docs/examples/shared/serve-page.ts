import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { serveStatic, type H3Event } from 'h3'

/** Serves the built page from the folder `PAGE`. */
export function servePage(event: H3Event) {
  const toPath = (id: string) => join(process.env['PAGE'] ?? 'dist', id)
  return serveStatic(event, {
    indexNames: ['/index.html'],
    getContents: (id) => readFile(toPath(id)),
    async getMeta(id) {
      const found = await stat(toPath(id)).catch(() => null)
      return found?.isFile() ? { size: found.size, mtime: found.mtimeMs } : undefined
    },
  })
}
