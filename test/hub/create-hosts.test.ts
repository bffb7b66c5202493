import { describe, expect, it } from 'vitest'
import { createHosts, type HostsOptions } from '../../adapters/hub/hosts/create-hosts.ts'

function startHosts(options: Partial<HostsOptions> = {}) {
  let uncompiled = 0
  const startHost = createHosts({
    verifyToken: () => new Promise(() => {}),
    input: {},
    inspect: undefined,
    onError: (code, error) => {
      throw new Error(code, { cause: error })
    },
    onUncompiled: () => (uncompiled += 1),
    ...options,
  })
  const host = startHost('channel-1', { receive() {} })
  const view = host.view({ now: 0, channel: 'channel-1', rev: 1 })
  host.stop()
  return { uncompiled, view, name: host.constructor.name }
}

describe('what moves the machine of a session', () => {
  it('is the compiled chart', () => {
    expect(startHosts()).toMatchObject({ uncompiled: 0, name: 'SnapshotHost', view: { state: 'unchecked' } })
  })

  it('is an actor if there is an inspector, which causes no warning', () => {
    expect(startHosts({ inspect: () => {} })).toMatchObject({ uncompiled: 0, name: 'Object' })
  })

  it('is an actor if this XState makes machines that cannot be compiled, which is logged once', () => {
    const hosts = startHosts({ compile: () => null })
    expect(hosts).toMatchObject({ uncompiled: 1, name: 'Object', view: { state: 'unchecked' } })
  })
})
