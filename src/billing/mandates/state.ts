import type { Mandate } from './queries.ts'

/** How a mandate stands: nobody authorised it yet, it may be debited, it was and may be again, its end is asked for, it is over. */
export type MandateState = 'waiting' | 'active' | 'paused' | 'ending' | 'ended'

/** The state of a mandate, in the one word that the panel and the API have for it. */
export function mandateStateOf({ endedAt, cancelAskedAt, status, authorisedAt }: Mandate): MandateState {
  if (endedAt !== null) return 'ended'
  if (cancelAskedAt !== null) return 'ending'
  if (status === 'ACTIVE') return 'active'
  return authorisedAt === null ? 'waiting' : 'paused'
}
