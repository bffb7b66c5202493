import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest, in this order. Files that start first do not delay the end of the run. */
const slowest = [
  'e2e/networks',
  'e2e/shared-stream',
  'faults/faults',
  'kill/kill',
  'clerk-emulator/clerk-js.e2e',
  'conformance/http',
  'mutation/auth-machine',
  'e2e/account-switch',
  'conformance/react.e2e',
  'store/redis-refused',
  'store/redis-cluster',
  'e2e/cookie',
  'e2e/hydration',
  'demo/accessible.e2e',
  'package/consumer',
  'e2e/tabs',
  'nodes/outage',
]

const toPlace = ({ moduleId }: TestSpecification) => {
  const place = slowest.findIndex((name) => moduleId.includes(`/test/${name}.test.`))
  return place === -1 ? slowest.length : place
}

/** Starts the slowest test files first, also on a machine that has not run them before. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- Vitest calls its method so: it is none of an array
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => toPlace(a) - toPlace(b))
  }
}
