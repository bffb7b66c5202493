import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from 'react'
import { version as domVersion } from 'react-dom'
import { expect, it } from 'vitest'

it('is the React that REACT_FOLDER asks for, and else the one that is installed', () => {
  const folder = process.env['REACT_FOLDER'] ?? process.cwd()
  const manifest: { version: string } = JSON.parse(
    readFileSync(join(folder, 'node_modules/react/package.json'), 'utf8'),
  )
  expect([version, domVersion]).toEqual([manifest.version, manifest.version])
})
