import type { Dispute } from '../../billing/disputes/queries.ts'

/** How a dispute's status reads on a chip. */
export const disputeStatuses: Record<Dispute['status'], { label: string; tone: 'info' | 'good' | 'warn' | 'bad' }> = {
  open: { label: 'Answer it', tone: 'bad' },
  unclear: { label: 'Look into it', tone: 'bad' },
  'under-review': { label: 'With the bank', tone: 'warn' },
  won: { label: 'Won', tone: 'good' },
  lost: { label: 'Lost', tone: 'bad' },
}

/** Cashfree's word for the kind of a dispute, in a person's: "PRE_ARBITRATION" is "Pre arbitration". */
export function disputeKind(type: string): string {
  const words = type.replaceAll('_', ' ').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
