import { readFileSync } from 'node:fs'
import { expect, vi } from 'vitest'
import type { Finding } from '../../adapters/doctor/finding.ts'
import { runDoctor, type DoctorOptions } from '../../adapters/doctor/run-doctor.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The anchors of a page, as GitHub and the site make them from its headings. */
const toAnchors = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

/** Each finding that asks for something says what to do, and names a section of the documents that exists. */
function expectHelp({ level, code, remedy, page }: Finding): void {
  if (level !== 'failure' && level !== 'warning') return
  expect(remedy, code).toMatch(/^[A-Z].*\.$/)
  const [path = '', anchor] = page?.split('#') ?? []
  const text = read(path)
  if (anchor !== undefined) expect(toAnchors(text)).toContain(anchor)
  const known = `${read('docs/errors.md')}${read('docs/server.md')}${read('docs/client.md')}${read('docs/troubleshooting.md')}`
  expect(known).toContain(`\`${code}\``)
}

/** The server may ask for keys again only 10 s after it asked for them before. */
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** Runs the doctor in virtual time, without the wait for a ping, and calls `onFinding` with the code of each finding. */
export async function examine(
  url: string,
  options: Omit<DoctorOptions, 'url'> = {},
  onFinding: (code: string) => unknown = () => {},
): Promise<Finding[]> {
  const findings: Finding[] = []
  for await (const finding of runDoctor({ pingWait: 0, wait, ...options, url: new URL(url) })) {
    expectHelp(finding)
    findings.push(finding)
    await onFinding(finding.code)
  }
  return findings
}

/** The findings that ask for something, as `level code`. */
export const toFaults = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ level }) => level === 'failure' || level === 'warning')
    .map(({ level, code }) => `${level} ${code}`)
