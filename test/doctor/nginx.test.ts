import { describe, expect, it, onTestFinished } from 'vitest'
import { startWithClerk } from '../h3/clerk-harness.ts'
import { findNginx, runNginx } from '../nodes/nginx.ts'
import { examine, toFaults } from './examine.ts'

/** Runs nginx in front of a server, with settings for its location. */
async function startBehind(settings: string) {
  const { server, mint } = await startWithClerk()
  const nginx = await runNginx(
    ({ port }) => `server { listen 127.0.0.1:${port}; location / { proxy_pass ${server.url}; ${settings} } }`,
  )
  onTestFinished(() => nginx.stop())
  return { url: `http://127.0.0.1:${nginx.port}`, token: mint() }
}

describe.runIf(findNginx())('the doctor behind nginx', () => {
  it('finds nothing where nginx keeps Host, since it obeys X-Accel-Buffering', async () => {
    const { url, token } = await startBehind('proxy_set_header Host $http_host; proxy_http_version 1.1;')
    expect(toFaults(await examine(url, { token }))).toEqual([])
  })

  it('names a stream that nginx buffers', async () => {
    const { url, token } = await startBehind(
      'proxy_set_header Host $http_host; proxy_ignore_headers X-Accel-Buffering;',
    )
    expect(toFaults(await examine(url, { token, viewWait: 500 }))).toEqual(['failure polling'])
  })

  it('names a Host that nginx rewrites', async () => {
    const { url, token } = await startBehind('')
    expect(toFaults(await examine(url, { token }))).toEqual(['warning origin-rejected'])
  })
})
