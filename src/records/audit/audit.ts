import type { Sql } from '../../platform/db.ts'
import { anchorLog } from '../../platform/payment-log.ts'
import type { Services } from '../../platform/services.ts'
import { findFaults, findHead, sealWaiting } from './queries.ts'

/** The end of the chain: how many rows are sealed, and the last seal, in hexadecimal. */
export type Head = { position: number; hash: string }

/** One thing that does not agree: at which seal, about which row; null where there is none. */
export type Fault = { position: number | null; auditId: number | null; fault: string }

/** What verifying came to: seals that were looked at, how many do not agree, and the first hundred of those. */
export type Verdict = { looked: number; wrong: number; faults: Fault[] }

const rowsAtOnce = 1_000

/**
 * The job: seals every row that waits, and notes the new end of the chain in the log, outside the database. Returns how
 * many rows were sealed.
 */
export async function sealAudit({ sql, log }: Pick<Services, 'sql' | 'log'>): Promise<number> {
  let sealed = 0
  for (;;) {
    const { sealed: now, ...head } = await sealWaiting(sql, rowsAtOnce)
    sealed += now
    if (now === rowsAtOnce) continue
    if (sealed > 0) anchorLog(log, head)
    return sealed
  }
}

/** Computes the whole chain anew and compares. Reads only; safe at any time; about five seconds for a million rows. */
export function verifyAudit(sql: Sql): Promise<Verdict> {
  return findFaults(sql)
}

/** Where the chain ends, as the last line `audit sealed` of the log should say. */
export function auditHead(sql: Sql): Promise<Head> {
  return findHead(sql)
}
