import { availableParallelism } from 'node:os'
import postgres from 'postgres'
import { connect } from '../../platform/db.ts'
import { migrate } from '../../platform/migrate.ts'
import { fillStatements, growing, looseIndexes } from './queries.ts'

/**
 * Migrates a database and runs groups of statements that fill these tables: one group after the other, the statements of
 * a group in parallel. Indexes are dropped and made again afterwards, which is quicker. Returns how many seconds that took.
 */
export async function fillTables(url: string, tables: readonly string[], groups: string[][]): Promise<number> {
  const started = performance.now()
  await migrate(url)
  const reader = connect(url, { max: 1 })
  const connections = Math.min(4, Math.max(2, availableParallelism()))
  const sql = postgres(url, {
    max: connections,
    fetch_types: false,
    onnotice: () => {},
    // Foreign keys hold by construction, and checking them row by row would take most of the time. The connections use all
    // processors already, so no statement is split among workers.
    connection: {
      session_replication_role: 'replica',
      synchronous_commit: 'off',
      work_mem: '64MB',
      maintenance_work_mem: '256MB',
      max_parallel_workers_per_gather: '0',
      max_parallel_maintenance_workers: '0',
    },
  })
  const runParallel = async (statements: string[]) => {
    await Promise.all(statements.map((statement) => sql.unsafe(statement)))
  }
  try {
    const indexes = await looseIndexes(reader, tables)
    await runParallel([`drop index ${indexes.map((index) => index.name).join(', ')}`])
    try {
      for (const group of groups) await runParallel(group)
    } finally {
      await runParallel(indexes.map((index) => index.create))
    }
    await runParallel(['vacuum (analyze)'])
    await runParallel(['checkpoint'])
  } finally {
    await sql.end({ timeout: 5 })
    await reader.end({ timeout: 5 })
  }
  return (performance.now() - started) / 1000
}

/** Migrates a database and fills it with so many subscribers. Returns how many seconds that took. */
export async function fillDatabase(url: string, subscribers: number): Promise<number> {
  return fillTables(url, growing, fillStatements(subscribers))
}
