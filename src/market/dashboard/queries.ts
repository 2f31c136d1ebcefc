import type { Sql } from '../../platform/db.ts'
import type { MarketVersion } from '../version/queries.ts'

/**
 * What is asked at each look at the dashboard, in one statement: the symbols that somebody starred, whether they have money
 * under way (money_under_way says which), and which state of the market is the present one.
 */
export async function findReader(
  sql: Sql,
  userId: string,
): Promise<{ stars: ReadonlySet<string>; hasMoneyUnderWay: boolean; version: MarketVersion }> {
  const [row] = await sql<(MarketVersion & { stars: string[]; hasMoneyUnderWay: boolean })[]>`
    select to_jsonb(array(select symbol from stars where user_id = ${userId} order by symbol)) as stars,
           exists (select from money_under_way(${userId})) as has_money_under_way,
           version::int, changed_at
    from market_state
  `
  const { stars, hasMoneyUnderWay, ...version } = row!
  return { stars: new Set(stars), hasMoneyUnderWay, version }
}
