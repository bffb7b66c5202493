import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const message = 'Clerk emulator: install @clerk/clerk-js@5 to have it served, or pass no clerkJSUrl.'

/** Serves one file of the installed `@clerk/clerk-js/dist`: the entry and the chunks it loads from beside itself. */
export async function clerkJsFile(name: string): Promise<Response> {
  if (!/^[\w.-]+\.js$/.test(name)) return new Response('Not found', { status: 404 })
  const directory = clerkJsDirectory()
  if (!directory) return new Response(message, { status: 404 })
  try {
    const headers = {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      // Clerk's React package asks for the script in CORS mode, as it may of Clerk's own CDN.
      'access-control-allow-origin': '*',
    }
    return new Response(await readFile(join(directory, name)), { headers })
  } catch {
    return new Response('Not found', { status: 404 })
  }
}

/** Looked up from this file and, for package managers that keep dependencies apart, from the working directory. */
function clerkJsDirectory(): string | undefined {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return join(dirname(createRequire(from).resolve('@clerk/clerk-js/package.json')), 'dist')
    } catch {
      continue
    }
  }
  return undefined
}
