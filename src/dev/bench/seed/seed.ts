import { connect } from '../../../platform/db.ts'
import { migrate } from '../../../platform/migrate.ts'
import { fillTables } from '../fill-tables.ts'
import { drawStatements, dropStatement, type FixtureSize } from './draw-queries.ts'
import { nameParts } from './people.ts'
import { filled, hasOrders, writeStatements } from './write-queries.ts'

/**
 * Fills a database without orders with the history of a business of this size. Returns how many seconds that took.
 * Throws when there is an order, so that invented people are never mixed with real ones.
 */
export async function seedFixture(url: string, size: FixtureSize): Promise<number> {
  await migrate(url)
  const sql = connect(url, { max: 1, name: 'etf-seed' })
  const used = await hasOrders(sql).finally(() => sql.end({ timeout: 5 }))
  if (used) throw new Error('This database has orders already. Seeding is for an empty one.')
  return fillTables(url, filled, [...drawStatements(size, nameParts), ...writeStatements(), [dropStatement]])
}
