import type { Sql } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import { haveMandates } from './next-debit-queries.ts'

/** Whether mandates stood when this process first asked, by the pool that it asked through. */
const stood = new WeakMap<Sql, Promise<boolean>>()

/**
 * Whether Autopay has pages: the setting is on, or it was switched off while somebody's mandate stood, for the right to stop does not
 * depend on it. The database is asked once in a process, and only where the setting is off.
 */
export async function isAutopayInUse({ config, sql }: Pick<Services, 'config' | 'sql'>): Promise<boolean> {
  if (config.cashfree.autopay) return true
  if (!stood.has(sql)) stood.set(sql, haveMandates(sql))
  return stood.get(sql)!.catch(() => {
    stood.delete(sql)
    return false
  })
}
