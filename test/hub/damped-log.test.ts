import { expect, it, vi } from 'vitest'
import { dampStoreFailures } from '../../adapters/hub/store/damped-log.ts'
import { useVirtualTime } from '../h3/harness.ts'

it('the log gets one failure of each store method in a minute, and the others at debug', () => {
  useVirtualTime()
  const lines: string[] = []
  const put =
    (level: string) =>
    (code: string, details: object = {}) =>
      void lines.push(`${level} ${code} ${Object.values(details).join(' ')}`)
  const logger = dampStoreFailures({ debug: put('debug'), info: put('info'), warn: put('warn'), error: put('error') })
  const fail = () => {
    logger.error('store.failed', { method: 'write' })
    logger.warn('store.failed', { method: 'read' })
    logger.error('listener.failed')
  }
  fail()
  vi.advanceTimersByTime(59_999)
  fail()
  vi.advanceTimersByTime(1)
  fail()
  const first = ['error store.failed write', 'warn store.failed read', 'error listener.failed ']
  const damped = ['debug store.failed write', 'debug store.failed read', 'error listener.failed ']
  expect(lines).toEqual([...first, ...damped, ...first])
})
