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
import { dropDatabase, noteOn, writeNote } from './queries.ts'

/**
 * A database with so many subscribers and three times the orders: the one of the last run if it was filled by the same
 * code, brought up to date; else a new one in its place. Answers its address.
 */
export async function reusedDatabase(
  server: string,
  subscribers: number,
  say: (line: string) => void,
): Promise<string> {
  const name = `panel_${subscribers}`
  const url = server.replace(/\/\w+$/, `/${name}`)
  // Making and removing gigabytes takes longer than a page may.
  const sql = postgres(server, { max: 1, fetch_types: false, onnotice: () => {} }) as unknown as Sql
  try {
    if ((await noteOn(sql, name)) === fingerprint()) await migrate(url)
    else {
      say(`▸ generating ${subscribers.toLocaleString('en')} subscribers, kept for the next time`)
      await dropDatabase(sql, name)
      await createDatabase(sql, name)
      const seconds = await seedFixture(url, { subscribers, orders: 3 * subscribers, days: 730, random: 1 })
      say(`  in ${Math.round(seconds)} s`)
      await writeNote(sql, name, fingerprint())
    }
  } finally {
    await sql.end({ timeout: 5 })
  }
  await asOfNow(url)
  return url
}

/** The admin who looks, and the figures of the first page, which a job would have computed. */
async function asOfNow(url: string): Promise<void> {
  const sql = connect(url, { max: 2, name: 'etf-bench' })
  try {
    await seedDemo(sql)
    await recordDailyMetrics(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Of the code that fills: people of an older one are made anew. */
function fingerprint(): string {
  const folder = join(import.meta.dirname, '..', 'seed')
  const hash = createHash('sha256')
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort())
    if (file.endsWith('.ts')) hash.update(readFileSync(join(folder, file)))
  return hash.digest('hex').slice(0, 32)
}
