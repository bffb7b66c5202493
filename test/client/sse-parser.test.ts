import { describe, expect, it } from 'vitest'
import { createSseParser } from '../../adapters/browser/sse-parser.ts'

/**
 * Parses a text in pieces.
 *
 * @returns the events as short lines
 */
function parse(...pieces: string[]) {
  const seen: string[] = []
  const push = createSseParser({
    onMessage: ({ event, data }) => seen.push(`${event}: ${data}`),
    onRetry: (delay) => seen.push(`retry ${delay}`),
  })
  for (const piece of pieces) push(piece)
  return seen
}

const stream = 'retry: 2500\n\n: a comment\n\nevent: view\nid: 7\ndata: {"a":1}\n\nevent: ping\ndata:{"now":2}\n\n'
const expected = ['retry 2500', 'view: {"a":1}', 'ping: {"now":2}']

describe('createSseParser', () => {
  it.each(['\n', '\r\n', '\r'])('reads events with line end %j', (end) => {
    // A chunk that ends in a CR waits for the next character, which may be its LF.
    expect(parse(stream.replaceAll('\n', end), end)).toEqual(expected)
  })

  it.each(['\n', '\r\n'])('reads the same from chunks of any size, with line end %j', (end) => {
    const text = stream.replaceAll('\n', end)
    for (let cut = 0; cut <= text.length; cut++) expect(parse(text.slice(0, cut), text.slice(cut))).toEqual(expected)
    expect(parse(...text.split(''))).toEqual(expected)
  })

  it('joins data lines, keeps colons and all but one leading space, and names an event without a name', () => {
    expect(parse('data: a: b\ndata:  c\ndata\n\n')).toEqual(['message: a: b\n c\n'])
  })

  it('ignores events without data, unknown fields and a retry that is not a number', () => {
    expect(parse('event: ping\n\nfoo: bar\nretry: soon\ndata: x\n\n')).toEqual(['message: x'])
  })

  it('drops an event if the stream ends in the middle of it', () => {
    expect(parse('data: x\n')).toEqual([])
  })
})
