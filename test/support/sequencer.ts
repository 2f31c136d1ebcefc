import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The longest files, the longest first: what begins last should be short, so that no worker is left alone at the end. */
const longest = [
  'operations/restoring',
  'property/ledger',
  'dev/embedded-postgres/relaunching',
  'dev/chaos/short',
  'dev/embedded-postgres/postgres',
  'identity/log-in-timing',
  'operations/rotating-keys',
  'operations/backup',
  'faults/socket-errors',
  'faults/process-faults',
  'faults/database-line',
  'processes/restarting',
  'processes/rolling-release',
  'faults/database-tls',
  'faults/crashes',
  'journeys/admin-refunds',
  'journeys/admin-subscribers',
  'web/route-walk',
  'web/failing-queries',
  'journeys/pages',
  'journeys/waiting',
  'records/audit/restoring',
  'journeys/analyser',
  'web/layout-walk',
  'journeys/admin-ledgers',
  'platform/roles',
  'journeys/admin-log-in',
  'journeys/admin-market',
  'web/every-header',
  'journeys/account-links',
].map((name) => `test/${name}.test.ts`)

/**
 * Files that have a process of their own first, since a worker is shared only between neighbours in the queue; then the
 * longest.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      const place = longest.indexOf(relative(project.config.root, moduleId))
      return (project.config.isolate ? 0 : 1_000) + (place < 0 ? longest.length : place)
    }
    return files.toSorted((one, other) => rank(one) - rank(other) || one.moduleId.localeCompare(other.moduleId))
  }
}
