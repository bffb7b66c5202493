import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SiteConfig } from 'vitepress'

/**
 * Fails the build if a link leads to a section that its page does not have. VitePress itself checks only that the page
 * exists.
 */
export function checkAnchors({ outDir, site }: SiteConfig): void {
  const files = readdirSync(outDir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'))
  const pages = new Map(
    files.map((file) => [`/${file.replaceAll('\\', '/')}`, readFileSync(join(outDir, file), 'utf8')]),
  )
  const broken: string[] = []
  for (const [page, html] of pages) {
    for (const [, href = ''] of html.matchAll(/<a\b[^>]*?\shref="([^"]*#[^"]+)"/g)) {
      const { pathname, hash, origin } = new URL(href, `http://site${site.base}${page.slice(1)}`)
      if (origin !== 'http://site') continue
      const path = `/${decodeURIComponent(pathname).slice(site.base.length)}`
      const target = pages.get(path.endsWith('/') ? `${path}index.html` : path)
      const id = decodeURIComponent(hash.slice(1))
      if (!target?.includes(` id="${id}"`)) broken.push(`${page}: ${href}`)
    }
  }
  if (broken.length > 0) throw new Error(`links to sections that do not exist:\n${[...new Set(broken)].join('\n')}`)
}
