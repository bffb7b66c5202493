/**
 * True while a boundary of the page waits to hydrate. React leaves a comment in front of each boundary that a server
 * rendered, and sets its own properties on nodes that have hydrated. Without those properties every boundary would
 * count as hydrating.
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
