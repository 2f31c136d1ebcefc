import type { Sql } from '../../platform/db.ts'

/** The number of the market's present state: it changes with every committed or undone import, split, holiday and instrument. */
export async function findVersion(sql: Sql): Promise<{ version: number; changedAt: Date }> {
  const [row] = await sql<{ version: number; changedAt: Date }[]>`
    select version::int as version, changed_at from market_state
  `
  return row!
}
