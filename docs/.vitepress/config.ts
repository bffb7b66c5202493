import { defineConfig } from 'vitepress'
import { checkAnchors } from './check-anchors.ts'
import { drawMermaid } from './mermaid-fences.ts'
import { keepCodePlain } from './plain-code.ts'
import { apiSidebar, sidebar } from './sidebar.ts'
import { slugify } from './slugify.ts'
import { linkSources, repository } from './source-links.ts'

/** A state with the mark of the initial one, as the charts draw it. */
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="2" y="6" width="28" height="20" rx="6" fill="#1f7a4d"/><circle cx="11" cy="16" r="4" fill="#fff"/><path d="M15 16h9" stroke="#fff" stroke-width="2.5"/></svg>'

export default defineConfig({
  title: 'authchart',
  description: 'What your server knows about the user of a browser session, as one explicit statechart.',
  // The path of the site on its host, with a slash at both ends; default `/`.
  base: process.env['SITE_BASE'] ?? '/',
  srcExclude: ['demo/**', 'examples/**', '.vitepress/**'],
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  lastUpdated: false,
  markdown: {
    anchor: { slugify },
    toc: { slugify },
    headers: { slugify },
    config(markdown) {
      keepCodePlain(markdown)
      linkSources(markdown)
      drawMermaid(markdown)
    },
  },
  themeConfig: {
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [...sidebar, apiSidebar],
    outline: { level: [2, 3] },
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          searchOptions: {
            // A guide comes before the reference, and the name of a function before its parameters.
            boostDocument: (id: string) =>
              !id.includes('/api/')
                ? 1
                : /#(parameters|returns|properties|methods|throws|call-signature)/.test(id)
                  ? 0.1
                  : 0.5,
          },
        },
      },
    },
    ...(repository ? { socialLinks: [{ icon: 'github', link: repository }] } : {}),
  },
  vite: { build: { chunkSizeWarningLimit: 4_000 } },
  buildEnd: checkAnchors,
})
