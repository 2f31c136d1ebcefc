import type { Services } from '../../platform/services.ts'
import { auditHead, type Head } from '../../records/audit/queries.ts'
import { type Verdict, verifyAudit } from '../../records/audit/verifying.ts'
import { findNightlyCheck } from './queries.ts'

/** Longer chains take longer than a page may wait (five seconds a million rows); the nightly check verifies those. */
const longestOnPage = 400_000

/** The chain as the page shows it; `verdict` when it was verified just now, `asked` when a job was asked to. */
export type Chain = {
  head: Head
  nightly: { checkedAt: Date; wrong: number } | null
  verdict: Verdict | null
  asked: boolean
}

/** The end of the chain and what the last nightly check said of it. */
export async function chainNow({ sql }: Pick<Services, 'sql'>): Promise<Chain> {
  return { head: await auditHead(sql), nightly: (await findNightlyCheck(sql)) ?? null, verdict: null, asked: false }
}

/** Verifies the chain now; one that is too long for a page is left to the integrity check, which is started at once. */
export async function verifyNow(services: Services): Promise<Chain> {
  const chain = await chainNow(services)
  if (chain.head.position <= longestOnPage) return { ...chain, verdict: await verifyAudit(services.sql) }
  services.wake('check-books')
  return { ...chain, asked: true }
}
