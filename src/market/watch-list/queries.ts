import type { Sql } from '../../platform/db.ts'

/** The symbols a person starred. */
export async function findStars(sql: Sql, userId: string): Promise<Set<string>> {
  const rows = await sql<{ symbol: string }[]>`select symbol from stars where user_id = ${userId} order by symbol`
  return new Set(rows.map(({ symbol }) => symbol))
}

/** Stars an instrument or takes its star off (stars.sql); at most `most` are starred. */
export async function saveStar(
  sql: Sql,
  userId: string,
  { symbol, isWanted, most }: { symbol: string; isWanted: boolean; most: number },
): Promise<'done' | 'unknown' | 'full'> {
  const [row] = await sql<{ outcome: 'done' | 'unknown' | 'full' }[]>`
    select set_star(${userId}, ${symbol}, ${isWanted}, ${most}) as outcome
  `
  return row!.outcome
}
