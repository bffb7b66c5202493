/**
 * True while some boundary of the page waits to hydrate. React leaves a comment in front of each boundary that a server
 * rendered, and puts properties of its own on what it has hydrated. Without them everything would count as hydrating.
 */
export function isPageHydrating(): boolean {
  const comments = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT)
  while (comments.nextNode()) {
    const { data } = comments.currentNode as Comment
    let first: Node | null = comments.currentNode
    while (first?.nodeType === Node.COMMENT_NODE) first = first.nextSibling
    if (data === '$?' || data === '$~' || (data === '$' && first && Object.keys(first).length === 0)) return true
  }
  return false
}
