import { printReport } from '../../operations/integrity/print.ts'
import type { ChaosReport } from './chaos.ts'

/** A chaos report as lines of text; what must be nothing says so. */
export function printChaos(report: ChaosReport): string {
  const { findings: found } = report
  const none = (what: string, list: string[]) =>
    `${list.length === 0 ? '✓' : '✗'} ${what}: ${list.length}${list.length > 0 ? ` (${list.slice(0, 20).join('; ')})` : ''}`
  return [
    `Chaos, seed ${report.seed}, ${report.seconds} s: ${found.journeys} journeys, ${found.requests} requests (${found.failed} failed meanwhile), ${found.gaveUp} gave up`,
    `  paid at Cashfree: ${report.payments}`,
    none('lost', report.lost),
    none('doubled', report.doubled),
    none('wrong owner', report.wrongOwner),
    none('false grants', report.falseGrants),
    none('unexpected process deaths', report.unexpectedDeaths),
    none('troubles not recovered from', report.notRecovered),
    `${report.unfinished === 0 ? '✓' : '✗'} unfinished work: ${report.unfinished}`,
    `  process restarts: ${report.restarts}, ${report.refusedStarts} of them refused while the database was away; mails: ${report.mails}, sent twice: ${report.duplicateMails}; at rest after ${report.settledInS.toFixed(0)} s`,
    '  seconds until a purchase went through again (times, mean, worst):',
    ...Object.entries(report.recovery).map(
      ([name, { times, meanS, worstS }]) => `    ${name}: ${times}×, ${meanS.toFixed(1)}, ${worstS.toFixed(1)}`,
    ),
    '',
    printReport(report.books),
    '',
    report.isFine ? 'Nothing was lost, doubled or given away.' : 'SOMETHING IS WRONG, see above.',
  ].join('\n')
}
