/** Returns the anchor of a heading as GitHub forms it, so that a link to a section leads there on GitHub and on the site. */
export const slugify = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
