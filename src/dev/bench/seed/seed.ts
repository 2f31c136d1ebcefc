import { connect } from '../../../platform/db.ts'
import { migrate } from '../../../platform/migrate.ts'
import { fillTables } from '../fill-tables.ts'
import { drawingStatements, type FixtureSize, tidyingStatement } from './draw-queries.ts'
import { nameParts } from './people.ts'
import { filled, hasOrders, writingStatements } from './write-queries.ts'

/**
 * Fills a database that has no orders with the past of a business of this size. Answers how many seconds that took.
 * Throws where somebody ever opened an order: invented people never stand among real ones.
 */
export async function seedFixture(url: string, size: FixtureSize): Promise<number> {
  await migrate(url)
  const sql = connect(url, { max: 1, name: 'etf-seed' })
  const used = await hasOrders(sql).finally(() => sql.end({ timeout: 5 }))
  if (used) throw new Error('This database has orders already. Seeding is for an empty one.')
  return fillTables(url, filled, [...drawingStatements(size, nameParts), ...writingStatements(), [tidyingStatement]])
}
