import { execFileSync } from 'node:child_process'
import { findChromium } from './e2e/browser.ts'
import { hasOpenssl } from './h3/certificate.ts'
import { findNginx } from './nodes/nginx.ts'
import { findRedis } from './store/redis-server.ts'
import { findSqliteNode } from './store/sqlite-node.ts'

/** Builds the package once, before all tests. The tests of the packed package and of the demo run on the build. */
function build(): void {
  execFileSync('npx', ['tsc', '--noCheck'], { stdio: 'inherit' })
}

/**
 * Looks for the programs that the tests use, and says how to install missing ones. CI sets AUTHCHART_REQUIRE_ALL, and
 * then none may be missing.
 */
export function setup(): void {
  build()
  const missing: string[] = []
  if (findChromium() === null) {
    missing.push('Chromium, for the browser tests: `apt-get install chromium`, or set CHROMIUM_PATH to one.')
  }
  if (findRedis() === null) {
    missing.push(
      'Redis 7, for the tests of several nodes: `apt-get install redis-server`, or set REDIS_SERVER_PATH to one.',
    )
  }
  if (findNginx() === null) {
    missing.push('nginx, for the tests behind a proxy: `apt-get install nginx-light`, or set NGINX_PATH to one.')
  }
  if (findSqliteNode() === null) {
    missing.push(
      'A Node with SQLite, for the tests of the SQLite store: Node 22.13 or later, or set SQLITE_NODE_PATH to one.',
    )
  }
  if (!hasOpenssl()) missing.push('openssl, for the tests over HTTP/2: `apt-get install openssl`.')
  if (missing.length === 0) return
  const report = ['', 'NOT RUN, for want of:', ...missing.map((line) => `  - ${line}`), ''].join('\n')
  if (process.env['AUTHCHART_REQUIRE_ALL']) throw new Error(report)
  console.warn(report)
}
