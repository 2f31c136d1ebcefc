import { rupees } from '../../platform/money.ts'
import { labelOf, plain } from '../labels.ts'

/** A line of the comparison: ours beside Cashfree's, and whether they differ. */
export type Line = { label: string; ours: string; theirs: string; differs: boolean }
/** What an incident keeps: the two sides where there are two, and whatever else was noted. */
export type Diff = { lines: Line[]; facts: { label: string; value: string }[] }

/** Lays an incident's details out for reading. A side that was not told is a dash, which is not called a difference. */
export function diffOf(details: Record<string, unknown> | unknown[]): Diff {
  if (Array.isArray(details))
    return { lines: [], facts: details.map((entry, i) => ({ label: `${i + 1}`, value: plain('', entry) })) }
  const { ours, theirs, contradictions, ...others } = details
  const left = fieldsOf(ours)
  const right = fieldsOf(theirs)
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].filter((key) => key !== 'attempts')
  const lines = keys.map((key) => ({
    label: labelOf(key),
    ours: plain(key, left[key]),
    theirs: plain(key, right[key]),
    differs: key in left && key in right && JSON.stringify(left[key]) !== JSON.stringify(right[key]),
  }))
  lines.push(...attemptLines(left, right.attempts), ...paymentContradictions(contradictions))
  // What differs is what the reader came for.
  lines.sort((a, b) => Number(b.differs) - Number(a.differs))
  const facts = Object.entries(others).map(([key, value]) => ({ label: labelOf(key), value: plain(key, value) }))
  return { lines, facts }
}

/** Each payment that Cashfree lists beside the price: one that was taken and is lower, or in another currency, differs. */
function attemptLines(ours: Record<string, unknown>, attempts: unknown): Line[] {
  if (!Array.isArray(attempts)) return []
  return attempts.map(fieldsOf).map(({ cfPaymentId, status, amountPaise, currency }) => ({
    label: `Payment ${plain('', cfPaymentId)}`,
    ours: plain('amountPaise', ours.amountPaise),
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
    const value = (text: unknown) => plain(String(field), /Paise$/.test(String(field)) ? Number(text) : text)
    const label = `Payment ${plain('', payment)}, ${labelOf(String(field)).toLowerCase()}`
    return [{ label, ours: value(ours), theirs: value(theirs), differs: true }]
  })
}

function fieldsOf(side: unknown): Record<string, unknown> {
  return side !== null && typeof side === 'object' ? (side as Record<string, unknown>) : {}
}
