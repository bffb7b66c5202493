import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest, in this order. Files that start first do not delay the end of the run. */
const slowest = [
  'faults/faults',
  'e2e/networks',
  'e2e/shared-stream',
  'e2e/long-lived',
  'store/redis-refused',
  'e2e/hydration',
  'store/redis-cluster',
  'conformance/http',
  'e2e/account-switch',
  'kill/kill',
  'mutation/auth-machine',
  'nodes/outage',
  'conformance/react.e2e',
  'clerk-emulator/clerk-js.e2e',
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
