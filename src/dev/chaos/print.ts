import { printReport } from '../../operations/integrity/print.ts'
import type { ChaosReport } from './chaos.ts'

/** A chaos report as lines of text, with ✗ before what should be zero and is not. */
export function printChaos(report: ChaosReport): string {
  const { findings } = report
  const none = (what: string, list: string[]) =>
    `${list.length === 0 ? '✓' : '✗'} ${what}: ${list.length}${list.length > 0 ? ` (${list.slice(0, 20).join('; ')})` : ''}`
  return [
    `Chaos, seed ${report.seed}, ${report.seconds} s: ${findings.journeys} journeys, ${findings.requests} requests (${findings.failed.length} failed, ${findings.unavailable.length} told to try again), ${findings.gaveUp} gave up`,
    `  paid at Cashfree: ${report.payments}`,
    none('lost', report.lost),
    none('doubled', report.doubled),
    none('wrong owner', report.wrongOwner),
    none('false grants', report.falseGrants),
    none('unexpected process deaths', report.unexpectedDeaths),
    none('faults not recovered from', report.notRecovered),
    `${report.unfinished === 0 ? '✓' : '✗'} unfinished work: ${report.unfinished}`,
    `  process restarts: ${report.restarts}, ${report.refusedStarts} of them refused while the database was unavailable; mails: ${report.mails}, sent twice: ${report.duplicateMails}; all work done after ${report.quietAfterS.toFixed(0)} s`,
    '  seconds until a purchase went through again (times, mean, worst):',
    ...Object.entries(report.recovery).map(
      ([name, { times, meanS, worstS }]) => `    ${name}: ${times}×, ${meanS.toFixed(1)}, ${worstS.toFixed(1)}`,
    ),
    '',
    printReport(report.integrity),
    '',
    report.isFine ? 'Nothing was lost, doubled or given away.' : 'SOMETHING IS WRONG, see above.',
  ].join('\n')
}
