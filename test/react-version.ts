import { join } from 'node:path'
import type { Plugin } from 'vite'

/** React, and the packages that import it. */
const ofReact = /^(react|react-dom|use-sync-external-store|@xstate\/react|@testing-library\/react|@clerk\/[\w-]+)(\/|$)/

/**
 * Takes React, and all that imports it, from the folder that the variable `REACT_FOLDER` names, so that tests and the
 * pages that they bundle run with another version of it. `npm run test:frameworks -- react-18` makes such a folder.
 */
export function reactVersion(folder = process.env['REACT_FOLDER']): Plugin[] {
  if (!folder) return []
  const importer = join(folder, 'package.json')
  return [
    {
      name: 'react-version',
      enforce: 'pre',
      resolveId(source, from) {
        // What is in the folder already finds the rest by itself.
        if (from?.startsWith(folder) || !ofReact.test(source)) return null
        return this.resolve(source, importer, { skipSelf: true })
      },
    },
  ]
}
