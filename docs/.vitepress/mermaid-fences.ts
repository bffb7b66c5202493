import type { MarkdownRenderer } from 'vitepress'

/** Gives the code of a Mermaid diagram to the component that draws it. GitHub draws the same code by itself. */
export function drawMermaid(markdown: MarkdownRenderer): void {
  const { fence } = markdown.renderer.rules
  markdown.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index]
    if (token?.info.trim() === 'mermaid') return `<Mermaid code="${encodeURIComponent(token.content)}" />`
    return fence!(tokens, index, options, env, self)
  }
}
