import { defineConfig } from 'vitepress'
import { checkAnchors } from './check-anchors.ts'
import { drawMermaid } from './mermaid-fences.ts'
import { keepCodePlain } from './plain-code.ts'
import { apiSidebar, sidebar } from './sidebar.ts'
import { slugify } from './slugify.ts'
import { linkSources, repository } from './source-links.ts'

export default defineConfig({
  title: 'authchart',
  description: 'What your server knows about the user of a browser session, as one explicit statechart.',
  // The path of the site on its host, with a slash at both ends; default `/`.
  base: process.env['SITE_BASE'] ?? '/',
  srcExclude: ['demo/**', 'examples/**', '.vitepress/**'],
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
