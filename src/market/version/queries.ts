import type { Sql } from '../../platform/db.ts'

export type MarketVersion = { version: number; changedAt: Date }

/** The number of the market's present state: it changes with every committed or undone import, split, holiday and instrument. */
export async function findVersion(sql: Sql): Promise<MarketVersion> {
  const [row] = await sql<MarketVersion[]>`
    select version::int as version, changed_at from market_state
  `
  return row!
}
