/** Returns an element of the document's own skeleton. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (!element) throw new Error(`The page has no #${id}`)
  return element
}

/** Creates an element with a text that is never read as markup. */
export function create(tag: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}

/**
 * Makes the children of a list match the items. Each element lives as long as its item, so that focus and scrolling are
 * kept. `make` creates the element of a new item, and `show` updates it.
 */
export function keepList<Item>(
  list: HTMLElement,
  items: readonly Item[],
  toKey: (item: Item) => string,
  make: (item: Item) => HTMLElement,
  show: (element: HTMLElement, item: Item, index: number) => void = () => {},
): void {
  const known = new Map(Array.from(list.children, (child) => [(child as HTMLElement).dataset['key'], child]))
  let place: Element | null = list.firstElementChild
  for (const [index, item] of items.entries()) {
    const key = toKey(item)
    let element = known.get(key) as HTMLElement | undefined
    known.delete(key)
    if (!element) {
      element = make(item)
      element.dataset['key'] = key
    }
    if (element === place) place = place.nextElementSibling
    else list.insertBefore(element, place)
    show(element, item, index)
  }
  for (const gone of known.values()) gone.remove()
}
