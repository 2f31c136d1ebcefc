import { availableParallelism } from 'node:os'
import postgres from 'postgres'
import { connect } from '../platform/db.ts'
import { migrate } from '../platform/migrate.ts'
import { fillStatements, looseIndexes } from './queries.ts'

/** Migrates a database and fills it with so many subscribers. Answers how many seconds that took. */
export async function fillDatabase(url: string, subscribers: number): Promise<number> {
  const started = performance.now()
  await migrate(url)
  const reader = connect(url, { max: 1 })
  const lanes = Math.min(4, Math.max(2, availableParallelism()))
  const sql = postgres(url, {
    max: lanes,
    fetch_types: false,
    onnotice: () => {},
    // Foreign keys hold by construction; checking them one row at a time would take most of the minute. The lanes use
    // the processors already, so no statement is split among workers.
    connection: {
      session_replication_role: 'replica',
      synchronous_commit: 'off',
      maintenance_work_mem: '256MB',
      max_parallel_workers_per_gather: '0',
      max_parallel_maintenance_workers: '0',
    },
  })
  const sideBySide = async (statements: string[]) => {
    await Promise.all(statements.map((statement) => sql.unsafe(statement)))
  }
  try {
    const indexes = await looseIndexes(reader)
    await sideBySide([`drop index ${indexes.map((index) => index.name).join(', ')}`])
    for (const group of fillStatements(subscribers)) await sideBySide(group)
    await sideBySide(indexes.map((index) => index.create))
    await sideBySide(['vacuum (analyze)'])
    await sideBySide(['checkpoint'])
  } finally {
    await sql.end({ timeout: 5 })
    await reader.end({ timeout: 5 })
  }
  return (performance.now() - started) / 1000
}
