import { anchorLog } from '../../platform/payment-log.ts'
import type { Services } from '../../platform/services.ts'
import { sealWaiting } from './queries.ts'

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
