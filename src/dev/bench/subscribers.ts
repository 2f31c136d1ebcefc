import { fillTables } from './fill-tables.ts'
import { fillStatements, growing } from './queries.ts'

/** Migrates a database and fills it with so many subscribers. Answers how many seconds that took. */
export async function fillDatabase(url: string, subscribers: number): Promise<number> {
  return fillTables(url, growing, fillStatements(subscribers))
}
