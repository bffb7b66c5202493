// `npm version` runs this: it gives what is under [Unreleased] in CHANGELOG.md the new version and the day, and puts
// the new version into the documents that name the tarball.
import { readFileSync, writeFileSync } from 'node:fs'

const edit = (file, pattern, by) => {
  const text = readFileSync(file, 'utf8')
  if (!pattern.test(text)) throw new Error(`${file} has no ${pattern}`)
  writeFileSync(file, text.replace(pattern, by))
}
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const day = new Date().toISOString().slice(0, 10)
edit('CHANGELOG.md', /^## \[Unreleased\]\n/m, `## [Unreleased]\n\n## [${version}] - ${day}\n`)
for (const page of ['README.md', 'docs/getting-started.md']) {
  edit(page, /authchart-\d+\.\d+\.\d+\.tgz/, `authchart-${version}.tgz`)
}
