import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  repository?: string | { url: string }
}

/** The address of the repository on the web, if package.json names one. */
export const repository = toWebAddress(manifest.repository)

function toWebAddress(from: string | { url: string } | undefined): string | undefined {
  const url = typeof from === 'object' ? from.url : from
  return url?.replace(/^git\+/, '').replace(/\.git$/, '')
}

/**
 * Leads links to files of the repository that are no pages, such as sources, to the repository on the web. If
 * package.json names no repository, such a link becomes plain text. The README is the first page of the site.
 */
export function linkSources(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('source-links', ({ tokens, env }) => {
    const folder = posix.dirname(posix.join('docs', env.relativePath as string))
    for (const { children } of tokens) {
      let isDropped = false
      for (const token of children ?? []) {
        if (token.type === 'link_close' && isDropped) {
          token.type = 'text'
          isDropped = false
        }
        if (token.type !== 'link_open') continue
        const href = token.attrGet('href') ?? ''
        if (/^([a-z]+:|#|\/)/.test(href)) continue
        const [file = ''] = posix.join(folder, href).split('#')
        if (file === 'README.md') token.attrSet('href', '/')
        else if (file.startsWith('docs/') && file.endsWith('.md')) continue
        else if (repository) token.attrSet('href', `${repository}/blob/main/${file}`)
        else {
          token.type = 'text'
          isDropped = true
        }
      }
    }
  })
}
