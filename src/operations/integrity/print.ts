import { rupees } from '../../platform/money.ts'
import { elsewhere } from './invariants.ts'
import type { Check, IntegrityReport, Money } from './queries.ts'

/** A report as lines of text: every invariant with its counts, the sums, and what SQL cannot check. Ids only, no names. */
export function printReport(report: IntegrityReport): string {
  const verdict =
    report.broken === 0
      ? `The records are in order (${report.checks.length} checks, ${report.tookMs} ms).`
      : `${report.broken} of ${report.checks.length} checks found a problem.`
  return [
    ...report.checks.flatMap(lineOf),
    '',
    ...report.money.map(sumOf),
    ...(report.money.length === 0 ? ['I4 no money was captured yet'] : []),
    auditLine(report.auditFrom),
    '',
    'What SQL cannot see, and what checks it instead:',
    ...elsewhere.map(({ id, says, by }) => `  ${id.padEnd(4)}${says}: ${by}`),
    '',
    verdict,
  ].join('\n')
}

function lineOf({ id, says, of, looked, wrong, ids }: Check): string[] {
  const line = `${wrong > 0 ? '✗' : '✓'} ${id.padEnd(4)}${says}: ${count(looked)} ${of}, ${count(wrong)} wrong`
  return wrong > 0 ? [line, `       ${ids.join(', ')}${wrong > ids.length ? ', …' : ''}`] : [line]
}

function auditLine(from: IntegrityReport['auditFrom']): string {
  if (from === null) return 'I23 the audit was verified whole, from its first row'
  if (from.position === 0) return 'I23 the audit was verified from its first row; no part of it was verified before'
  const whole = from.wholeAt ? `whole on ${from.wholeAt.slice(0, 10)}` : 'never whole at once'
  return `I23 the audit was verified from seal ${count(from.position)} on; before that on ${from.verifiedAt?.slice(0, 10)}, and ${whole}: npm run invariants -- --whole-audit`
}

function sumOf(money: Money): string {
  const { captured, applied, back, lost, inIncidents, settling, missing } = money
  const as = (paise: number) => (money.currency === 'INR' ? rupees(paise) : `${paise / 100} ${money.currency}`)
  return `I4 captured ${as(captured)} = applied ${as(applied)} + going or gone back ${as(back)} + lost in disputes ${as(lost)} + in incidents ${as(inIncidents)} + settling ${as(settling)} + missing ${as(missing)}`
}

function count(n: number): string {
  return n.toLocaleString('en-IN')
}
