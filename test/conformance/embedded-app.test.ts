import { requireConformance, runConformance, toReportText } from 'authchart/testing'
import { describe, expect, it } from 'vitest'
import { createAppDriver } from './embedded-app.ts'

describe('an app that embeds the auth machine in a machine of its own', () => {
  it('behaves at every step as the machine alone, through all of its states and transitions', async () => {
    const report = await runConformance(createAppDriver())
    console.info(toReportText(report))
    requireConformance(report)
    expect(report.paths.driven).toBe(report.paths.total)
  }, 300_000)
})
