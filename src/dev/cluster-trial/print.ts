import { printReport } from '../../operations/integrity/print.ts'
import type { Phase } from './phases.ts'
import { seconds } from './recovery.ts'
import { recoveryLimitS, type TrialReport } from './trial.ts'

/** A trial's report as lines of text: one table, what was found, and the invariants. */
export function printTrial(report: TrialReport): string {
  const none = (what: string, list: string[]) =>
    `${list.length === 0 ? '✓' : '✗'} ${what}: ${list.length}${list.length > 0 ? ` (${list.slice(0, 20).join('; ')})` : ''}`
  return [
    `Cluster trial, seed ${report.seed}, ${report.seconds} s${report.before ? `, rolled from ${report.before}` : ''}: ${report.journeys} purchases begun and watched, ${report.gaveUp} gave up, ${report.payments} orders paid`,
    ...report.missing.map((sentence) => `! ${sentence}`),
    ...busy(report.phases),
    '',
    ...table(report.phases),
    '  gap: the longest time without a good page; page: from when on none was bad; purchase: until the first was granted',
    '',
    `requests ${report.requests} · failed ${report.failed} · told to try again (503) ${report.unavailable} · lost ${report.lost.length} · doubled ${report.doubled.length}`,
    none('lost', report.lost),
    none('doubled', report.doubled),
    none('wrong owner', report.wrongOwner),
    none('false grants', report.falseGrants),
    none('processes that ended by themselves', report.unexpectedDeaths),
    none(`recoveries over ${recoveryLimitS} s`, report.tooSlow),
    `${report.unfinished === 0 ? '✓' : '✗'} unfinished work: ${report.unfinished}`,
    `  mails ${report.mails}, with ${report.mailedReceipts} receipts; sent again under the same Message-ID ${report.duplicateMails}`,
    '',
    printReport(report.integrity),
    '',
    report.isFine ? 'Nothing was lost or doubled.' : 'SOMETHING IS WRONG, see above.',
  ].join('\n')
}

/** What the other figures are worth, where the machine had much else to do. */
function busy([calm]: readonly Phase[]): string[] {
  const purchaseS = calm?.recoveries[0]?.purchaseS ?? null
  return purchaseS !== null && purchaseS <= 2
    ? []
    : [`! the machine is busy: with nothing happening a purchase took ${seconds(purchaseS)} s`]
}

function table(phases: readonly Phase[]): string[] {
  const rows = [
    ['began', 'phase', 'seconds', 'requests', 'failed', '503', 'gap', 'seconds to recover since', 'page', 'purchase'],
    ...phases.flatMap((phase) => {
      const [first, ...others] = phase.recoveries.map((each) => [
        each.since,
        seconds(each.pageS),
        seconds(each.purchaseS),
      ])
      const failures = Object.values(phase.failed).reduce((sum, times) => sum + times, 0)
      const counts = [phase.seconds.toFixed(0), phase.requests, failures, phase.unavailable, seconds(phase.longestGapS)]
      return [
        [phase.began, phase.name, ...counts, ...(first ?? ['', '', ''])].map(String),
        ...others.map((cells) => ['', '', '', '', '', '', '', ...cells]),
      ]
    }),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}
