/**
 * Removes spaces and tabs from both ends, and nothing else: HTTP has no other blanks (RFC 9110 §5.6.3). What
 * `String.prototype.trim` removes besides, such as a non-breaking space, is a part of the name or value that it is in.
 */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

const isBlank = (code: number) => code === 0x20 || code === 0x09
