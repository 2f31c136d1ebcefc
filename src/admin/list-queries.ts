import type { PendingQuery, Row } from 'postgres'
import type { Sql } from '../platform/db.ts'
import type { Span } from './days.ts'
import type { Cursor } from './listing.ts'

/** A part of a query. */
type Fragment = PendingQuery<Row[]>

/**
 * The key of the row after which a list goes on. What a browser carries is cut to milliseconds, so the instant is read from
 * the row itself: `exactAt` selects it by `after.id`.
 */
export function keyOfCursor(sql: Sql, after: Cursor, exactAt: Fragment) {
  return sql`(coalesce((${exactAt}), ${after.at}), ${after.id})`
}

/**
 * `and` a numbered row (`id`) is of these days. The numbers of the days' rows are found by the instant alone: `offset 0`
 * keeps the planner from walking all numbers instead. Nothing where no days are asked for.
 */
export function andWithinDays(sql: Sql, id: Fragment, table: string, at: string, { since, before }: Span) {
  if (!since) return sql``
  const ids = sql`select id from ${sql(table)} where ${sql(at)} >= ${since} and ${sql(at)} < ${before} offset 0`
  return sql`and ${id} between (select min(id) from (${ids}) d) and (select max(id) from (${ids}) d)`
}

/** The values that a column of text has, in order, at most so many: one step through its index for each. */
export async function listValues(sql: Sql, table: string, column: string, limit: number): Promise<string[]> {
  const [from, value] = [sql(table), sql(column)]
  const rows = await sql<{ value: string }[]>`
    with recursive seen as (
      (select ${value} as value from ${from} where ${value} is not null order by ${value} limit 1)
      union all
      select (select t.${value} from ${from} t where t.${value} > seen.value order by t.${value} limit 1)
      from seen
      where seen.value is not null
    )
    select value from seen where value is not null limit ${limit}
  `
  return rows.map((row) => row.value)
}
