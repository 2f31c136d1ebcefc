import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { recordDailyMetrics } from '../../../admin/metrics/daily-metrics.ts'
import { connect, type Sql } from '../../../platform/db.ts'
import { migrate } from '../../../platform/migrate.ts'
import { seedDemo } from '../../demo.ts'
import { createDatabase } from '../queries.ts'
import { seedFixture } from '../seed/seed.ts'
import { dropDatabase, readComment, writeComment } from './queries.ts'

/**
 * A database with so many subscribers and three times as many orders: that of the last run, migrated, if the same code
 * filled it, or else a new one. Returns its address.
 */
export async function reusedDatabase(
  server: string,
  subscribers: number,
  log: (line: string) => void,
): Promise<string> {
  const name = `panel_${subscribers}`
  const url = server.replace(/\/\w+$/, `/${name}`)
  // Creating and dropping gigabytes takes longer than the statement timeout of the product's pool.
  const sql = postgres(server, { max: 1, fetch_types: false, onnotice: () => {} }) as unknown as Sql
  try {
    if ((await readComment(sql, name)) === fingerprint()) await migrate(url)
    else {
      log(`▸ generating ${subscribers.toLocaleString('en')} subscribers, kept for the next time`)
      await dropDatabase(sql, name)
      await createDatabase(sql, name)
      const seconds = await seedFixture(url, { subscribers, orders: 3 * subscribers, days: 730, random: 1 })
      log(`  in ${Math.round(seconds)} s`)
      await writeComment(sql, name, fingerprint())
    }
  } finally {
    await sql.end({ timeout: 5 })
  }
  await bringUpToDate(url)
  return url
}

/** Makes the admin, and the daily metrics of the first page, which a job would have computed. */
async function bringUpToDate(url: string): Promise<void> {
  const sql = connect(url, { max: 2, name: 'etf-bench' })
  try {
    await seedDemo(sql)
    await recordDailyMetrics(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Fingerprint of the code that fills the database; with other code it is filled again. */
function fingerprint(): string {
  const folder = join(import.meta.dirname, '..', 'seed')
  const hash = createHash('sha256')
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort())
    if (file.endsWith('.ts')) hash.update(readFileSync(join(folder, file)))
  return hash.digest('hex').slice(0, 32)
}
