import { describe, expect, it } from 'vitest'
import { readSources } from './source-files.ts'

const stateFile = 'adapters/hub/session/session-state.ts'

/** The fields of a session's state that can change, as its interface declares them. */
function toFields(source: string): string[] {
  const [, members = ''] = /export interface SessionState \{\n(.*?)\n\}/s.exec(source) ?? []
  return [...members.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name!)
}

/** @returns the files that assign a field of a session's state, by field */
function findWriters(sources: ReadonlyMap<string, string>, fields: readonly string[]): Map<string, string[]> {
  const writes = new RegExp(`\\bstate\\.(${fields.join('|')}) (?:=|\\?\\?=|\\|\\|=|[-+]=) `, 'g')
  const writers = new Map<string, string[]>(fields.map((field) => [field, []]))
  for (const [file, source] of sources) {
    for (const [, field] of source.matchAll(writes)) {
      const files = writers.get(field!)!
      if (!files.includes(file)) files.push(file)
    }
  }
  return writers
}

describe('the state of a session', () => {
  const sources = readSources()
  const fields = toFields(sources.get(stateFile)!)

  it('has fields that change, each of which is assigned by one file', () => {
    expect(fields).toContain('isFollower')
    expect(fields.length).toBeGreaterThan(12)
    for (const [field, files] of findWriters(sources, fields)) expect([field, files]).toEqual([field, [files[0]]])
  })

  it('would be found to have two writers', () => {
    const second = new Map([...sources, ['adapters/h3/second.ts', 'session.state.isFollower = true']])
    expect(findWriters(second, fields).get('isFollower')).toHaveLength(2)
  })
})

describe('HTTP', () => {
  it('holds no session of the hub', () => {
    const http = [...readSources()].filter(([file]) => file.startsWith('adapters/h3/'))
    expect(http.length).toBeGreaterThan(30)
    expect(http.filter(([, source]) => /LiveSession|SessionState|live-session/.test(source))).toEqual([])
  })
})
