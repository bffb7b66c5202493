import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * The paths of the scripts that Clerk's packages load from a Frontend API: clerk-js, and the components that clerk-js
 * 6 shows.
 */
export const scriptPaths = {
  clerkJS5: '/npm/@clerk/clerk-js@5/dist/clerk.browser.js',
  clerkJS6: '/npm/@clerk/clerk-js@6/dist/clerk.browser.js',
  clerkUI: '/npm/@clerk/ui@1/dist/ui.browser.js',
}

/**
 * Serves a file of one of Clerk's installed packages at its path on Clerk's own Frontend API. The entry file is
 * requested by its major version, and the chunks by the full version.
 *
 * @param path from `/npm/` on
 */
export async function scriptFile(path: string): Promise<Response> {
  const [, name, major, file] = /^\/npm\/(@clerk\/(?:clerk-js|ui))@(\d+)[\w.-]*\/dist\/([\w.-]+\.js)$/.exec(path) ?? []
  if (!name || !major || !file) return answer('Not found', 404)
  const directory = await packageDirectory(name, major)
  if (!directory) return answer(`Clerk emulator: install ${name}@${major} to have it served.`, 404)
  try {
    return answer(await readFile(join(directory, 'dist', file)))
  } catch {
    return answer('Not found', 404)
  }
}

function answer(body: string | Uint8Array<ArrayBuffer>, status = 200): Response {
  const headers = {
    // Clerk's React package requests the script in CORS mode, as Clerk's own CDN allows. It has to be able to read
    // the error too.
    'access-control-allow-origin': '*',
    ...(status === 200
      ? { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=3600' }
      : { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }),
  }
  return new Response(body, { status, headers })
}

/**
 * Looks the package up from this file and, for package managers that keep dependencies apart, from the working
 * directory. A second version may be installed as `clerk-js-5@npm:@clerk/clerk-js@5`. The function does not use
 * `resolve`, because clerk-js 6 does not export its package.json.
 */
async function packageDirectory(name: string, major: string): Promise<string | undefined> {
  const alias = `${name.slice(name.indexOf('/') + 1)}-${major}`
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    for (const modules of createRequire(from).resolve.paths(name) ?? []) {
      for (const directory of [join(modules, name), join(modules, alias)]) {
        const manifest = await readManifest(directory)
        if (manifest?.name === name && manifest.version?.startsWith(`${major}.`)) return directory
      }
    }
  }
  return undefined
}

async function readManifest(directory: string): Promise<{ name?: string; version?: string } | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as { name?: string; version?: string }
  } catch {
    return undefined
  }
}
