import { slugify } from '../../docs/.vitepress/slugify.ts'

export interface MarkdownPage {
  /** The anchors of the headings, as GitHub and the site form them. */
  readonly anchors: ReadonlySet<string>
  /** The targets of the links, without those to other sites. */
  readonly links: readonly string[]
}

/** Reads the headings and the links of a page in Markdown, without what is in a block of code. */
export function readMarkdownPage(text: string): MarkdownPage {
  const prose = text.replaceAll(/^( *)(`{3,})[^]*?^\1\2$/gm, '')
  const anchors = new Set<string>()
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = slugify(
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .replaceAll(/[`*]/g, '')
        .trim(),
    )
    let repeats = 0
    while (anchors.has(repeats === 0 ? anchor : `${anchor}-${repeats}`)) repeats += 1
    anchors.add(repeats === 0 ? anchor : `${anchor}-${repeats}`)
  }
  const targets = [
    ...prose.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g),
    ...prose.matchAll(/(?:src|srcset)="([^"]+)"/g),
  ]
  const links = targets.map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target))
  return { anchors, links }
}
