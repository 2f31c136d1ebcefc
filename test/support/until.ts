import { setTimeout as pause } from 'node:timers/promises'
import type { Sql } from '../../src/platform/db.ts'

/** Waits until it is so; at most half a minute, which only a busy machine needs. */
export async function until(isSo: () => Promise<boolean>, ms = 30_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it did not come to be')
    await pause(30)
  }
}

/** Waits until so many statements of this database wait for a lock. */
export async function untilLocked(sql: Sql, many = 1): Promise<void> {
  await until(async () => {
    const waiting = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    return waiting.count >= many
  })
}
