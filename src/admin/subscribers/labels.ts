/** How a subscription's status reads in the filter and on a chip. */
export const statuses: Record<string, { label: string; tone: 'good' | 'warn' | 'bad' }> = {
  active: { label: 'Active', tone: 'good' },
  leaving: { label: 'Cancelled, still running', tone: 'warn' },
  grace: { label: 'Grace days', tone: 'warn' },
  pending: { label: 'Never paid', tone: 'warn' },
  expired: { label: 'Expired', tone: 'bad' },
  cancelled: { label: 'Cancelled', tone: 'bad' },
}

/** The label of a stored status; an unknown one is its own. */
export function statusLabel(status: string): { label: string; tone: 'good' | 'warn' | 'bad' } {
  return statuses[status] ?? { label: status, tone: 'warn' }
}

/** How roles read. */
export const roleLabels: Record<string, string> = {
  subscriber: 'Subscriber',
  'admin-read': 'Admin (view only)',
  admin: 'Admin (full access)',
}
