import type { Dispute } from '../../billing/disputes/queries.ts'
import { sentenceCase } from '../labels.ts'

/** How a dispute's status reads on a chip. */
export const disputeStatuses: Record<Dispute['status'], { label: string; tone: 'info' | 'good' | 'warn' | 'bad' }> = {
  open: { label: 'Answer it', tone: 'bad' },
  unclear: { label: 'Needs checking', tone: 'bad' },
  'under-review': { label: 'With the bank', tone: 'warn' },
  won: { label: 'Won', tone: 'good' },
  lost: { label: 'Lost', tone: 'bad' },
}

/** How Cashfree's name for the kind of a dispute reads: "PRE_ARBITRATION" is "Pre arbitration". */
export function disputeKind(type: string): string {
  return sentenceCase(type.replaceAll('_', '-').toLowerCase())
}
