import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { apiSidebar, sidebar } from '../../docs/.vitepress/sidebar.ts'
import { readMarkdownPage } from './markdown-page.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pagesOf = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))

const sitePages = [...pagesOf('docs'), ...pagesOf('docs/decisions')]
const pages = new Map(
  [...pagesOf('.'), ...sitePages].map((path) => [path, readMarkdownPage(readFileSync(join(root, path), 'utf8'))]),
)

test.each([...pages])('every link of %s leads to a file and to a section that exist', (path, { links }) => {
  const broken = links.filter((link) => {
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : join(dirname(path), file)
    if (!existsSync(join(root, target))) return true
    return anchor !== undefined && target.endsWith('.md') && !pages.get(target)?.anchors.has(anchor)
  })
  expect(broken).toEqual([])
})

test.each(sitePages)('%s has no address of this machine outside code, which the site would take for a link', (path) => {
  const prose = readFileSync(join(root, path), 'utf8').replaceAll(/^( *)(`{3,})[^]*?^\1\2$|`[^`\n]*`/gm, '')
  expect(prose).not.toMatch(/https?:\/\/(localhost|127\.)/)
})

const linksOf = (items: readonly { link: string; items?: readonly { link: string }[] }[]): string[] =>
  items.flatMap(({ link, items = [] }) => [link, ...linksOf(items)])

test('every page is in the sidebar of the site, once', () => {
  const links = sidebar.flatMap(({ items }) => linksOf(items))
  const shown = links.map((link) => `docs${link === '/' ? '/index' : link}.md`)
  expect(shown.toSorted()).toEqual(sitePages.toSorted())
})

test('every entry point of the package is in the API reference', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object }
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json')
  const shown = apiSidebar.items.map(({ link }) => link.replace('/api/authchart', '.'))
  expect(shown.toSorted()).toEqual(entries.toSorted())

  const { entryPoints } = JSON.parse(readFileSync(join(root, 'docs/.vitepress/typedoc.json'), 'utf8')) as {
    entryPoints: string[]
  }
  const modules = entryPoints.map((file) => {
    const source = readFileSync(join(root, 'docs/.vitepress', file), 'utf8')
    return source.match(/@module authchart(\S*)/)?.[1]
  })
  expect(modules.map((name) => `.${name}`).toSorted()).toEqual(entries.toSorted())
})
