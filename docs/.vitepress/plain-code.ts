import type { MarkdownRenderer } from 'vitepress'

/** Keeps Vue from reading code between back quotes as a template, such as `auth={{ basePath: '/auth' }}`. */
export function keepCodePlain(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('plain-code', ({ tokens }) => {
    for (const { children } of tokens) {
      for (const token of children ?? []) if (token.type === 'code_inline') token.attrSet('v-pre', '')
    }
  })
}
