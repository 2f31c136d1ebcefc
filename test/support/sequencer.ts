import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The longest files, about the longest first, so that no worker is left alone at the end. One that computes stands next to
 * one that waits.
 */
const longest = [
  'property/ledger',
  'dev/cluster-trial/short',
  'processes/side-by-side',
  'property/alerts',
  'dev/embedded-postgres/relaunching',
  'operations/restoring',
  'faults/database-line',
  'processes/behind-proxies',
  'faults/failover',
  'platform/migrating',
  'dev/chaos/short',
  'dev/embedded-postgres/postgres',
  'identity/log-in-timing',
  'faults/socket-errors',
  'operations/rotating-keys',
  'faults/process-faults',
  'operations/backup',
  'faults/database-tls',
  'processes/restarting',
  'processes/rolling-release',
  'processes/roles',
  'faults/crashes',
  'platform/database-roles',
  'records/mails/pausing',
  'records/mails/order-and-rate',
  'billing/checkout/usual-order',
  'web/route-walk',
  'journeys/map',
  'web/csv-injection',
  'journeys/waiting',
  'journeys/pages',
  'journeys/admin-subscribers',
  'journeys/admin-refunds',
  'web/failing-queries',
  'records/audit/restoring',
  'journeys/analyser',
  'web/layout-walk',
  'web/stored-xss',
  'journeys/admin-ledgers',
  'journeys/admin-log-in',
  'journeys/admin-market',
  'web/every-header',
  'journeys/account-links',
  'journeys/another-attempt',
  'journeys/alerts',
  'market/feed/archive',
  'journeys/admin-disputes',
  'admin/announcements',
  'journeys/admin-basis',
  'journeys/twice',
  'market/feed/faults',
  'billing/checkout/money-under-way',
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
