import { rupees } from '../../platform/money.ts'
import { factText, labelOf } from '../labels.ts'

/** A line of the comparison: ours beside Cashfree's, and whether they differ. */
type Line = { label: string; ours: string; theirs: string; differs: boolean }
/** What an incident records: ours beside theirs where it has both, and all other facts. */
export type Diff = { lines: Line[]; facts: { label: string; value: string }[] }

/** Lays an incident's details out for reading. What one side does not have is a dash, which is no difference. */
export function diffOf(details: Record<string, unknown> | unknown[]): Diff {
  if (Array.isArray(details))
    return { lines: [], facts: details.map((entry, i) => ({ label: `${i + 1}`, value: factText('', entry) })) }
  const { ours, theirs, contradictions, ...others } = details
  const left = fieldsOf(ours)
  const right = fieldsOf(theirs)
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].filter((key) => key !== 'attempts')
  const lines = keys.map((key) => ({
    label: labelOf(key),
    ours: factText(key, left[key]),
    theirs: factText(key, right[key]),
    differs: key in left && key in right && JSON.stringify(left[key]) !== JSON.stringify(right[key]),
  }))
  lines.push(...attemptLines(left, right.attempts), ...paymentContradictions(contradictions))
  // Differences first.
  lines.sort((a, b) => Number(b.differs) - Number(a.differs))
  const facts = Object.entries(others).map(([key, value]) => ({ label: labelOf(key), value: factText(key, value) }))
  return { lines, facts }
}

/** Each payment that Cashfree lists beside the price: one that was taken and is lower, or in another currency, differs. */
function attemptLines(ours: Record<string, unknown>, attempts: unknown): Line[] {
  if (!Array.isArray(attempts)) return []
  return attempts.map(fieldsOf).map(({ cfPaymentId, status, amountPaise, currency }) => ({
    label: `Payment ${factText('', cfPaymentId)}`,
    ours: factText('amountPaise', ours.amountPaise),
    theirs: [typeof amountPaise === 'number' ? rupees(amountPaise) : 'no amount', status, currency]
      .filter(Boolean)
      .join(', '),
    differs:
      status === 'SUCCESS' &&
      !(Number(amountPaise) >= Number(ours.amountPaise) && (currency ?? ours.currency) === ours.currency),
  }))
}

/** What a payment in Cashfree's list says that cannot be true of the order it is listed under. */
function paymentContradictions(contradictions: unknown): Line[] {
  if (!Array.isArray(contradictions)) return []
  return contradictions.map(fieldsOf).flatMap(({ field, payment, ours, theirs }) => {
    if (payment === undefined) return []
    const value = (text: unknown) => factText(String(field), /Paise$/.test(String(field)) ? Number(text) : text)
    const label = `Payment ${factText('', payment)}, ${labelOf(String(field)).toLowerCase()}`
    return [{ label, ours: value(ours), theirs: value(theirs), differs: true }]
  })
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
}
