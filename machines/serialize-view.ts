import type { AuthView } from './auth-view.ts'

/**
 * The view as a JavaScript expression for a `<script>` of a page that is rendered on the server: JSON in which nothing can
 * end the element or begin a comment (`</script>`, `<!--`), whatever a user is called. U+2028 and U+2029, which end a line
 * in older engines, are escaped too. Take a view of `publicView`: what a page is rendered with is in the page.
 *
 * @example `<script>window.initialView = ${serializeView(await auth.publicView(event))}</script>`
 */
export const serializeView = (view: AuthView): string => JSON.stringify(view).replace(/[<>\u2028\u2029]/g, toEscape)

const toEscape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
