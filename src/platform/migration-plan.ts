import type postgres from 'postgres'
import { openOneConnection } from './database-driver.ts'
import { isOutsideTransaction, withinTransaction } from './outside-transaction.ts'
import { compareDatabase, readMigration, readRelease } from './release.ts'
import { splitStatements } from './sql-statements.ts'
import { type LockMode, locksOf, type TableLock } from './statement-locks.ts'

/** A table as it is now; `rows` is the server's estimate, null before it was ever counted. */
type Size = { rows: number | null; bytes: number }
type PlannedLock = TableLock & { size: Size }
type PlannedStatement = { text: string; locks: PlannedLock[] | null }
export type PlannedMigration = { name: string; outsideTransaction: boolean; statements: PlannedStatement[] }
export type MigrationPlan = {
  newer: string[]
  migrations: PlannedMigration[]
  functionsDiffer: boolean
  isNew: boolean
}

/**
 * What `migrate` would do to this database: every statement with the locks it takes on tables that are there, and how large those
 * are. Reads only. The locks are those of the rules in statement-locks.ts; nothing is tried out, for a trial would take them.
 */
export async function planMigrations(url: string): Promise<MigrationPlan> {
  const sql = openOneConnection(url, 'etf-migrate')
  try {
    const release = await readRelease()
    const { missing, newer, functionsDiffer } = await compareDatabase(sql, release)
    const isNew = missing.length === release.migrations.length
    const migrations: PlannedMigration[] = []
    const names: Names = new Map()
    for (const name of missing) {
      const text = await readMigration(name)
      const statements: PlannedStatement[] = []
      for (const statement of splitStatements(isNew ? withinTransaction(text) : text)) {
        statements.push(await planStatement(sql, statement, names))
        noteNames(statement, names)
      }
      migrations.push({ name, outsideTransaction: !isNew && isOutsideTransaction(text), statements })
    }
    return { newer, migrations, functionsDiffer, isNew }
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** What the plan's statements so far make of a name: the table that has it now, or null for one that they made themselves. */
type Names = Map<string, string | null>

async function planStatement(sql: postgres.Sql, text: string, names: Names): Promise<PlannedStatement> {
  const locks = locksOf(text)
  if (!locks) return { text, locks }
  const planned: PlannedLock[] = []
  for (const lock of locks) {
    const name = names.has(lock.table) ? names.get(lock.table)! : lock.table
    // A table that an earlier statement of the plan makes is nobody's yet.
    const found = name === null ? undefined : await findTable(sql, { ...lock, table: name })
    if (found) planned.push({ ...lock, table: found.table, size: { rows: found.rows, bytes: found.bytes } })
  }
  return { text, locks: planned }
}

function noteNames(statement: string, names: Names): void {
  const [, made] = /^create (?:unlogged )?table (?:if not exists )?(\w+)/.exec(statement) ?? []
  if (made) names.set(made, null)
  const [, from, to] = /^alter table (\w+) rename to (\w+)/.exec(statement) ?? []
  if (from && to) names.set(to, names.has(from) ? names.get(from)! : from).set(from, null)
}

async function findTable(sql: postgres.Sql, { table, index }: TableLock) {
  const [row] = await sql<{ table: string; rows: number | null; bytes: string }[]>`
    select c.relname as table, nullif(sum(greatest(p.reltuples, -1)), -1)::float8 as rows, sum(pg_total_relation_size(p.oid)) as bytes
    from pg_class c
    join pg_class p on p.relkind in ('r', 'p') and (p.oid = c.oid or p.oid in (select relid from pg_partition_tree(c.oid)))
    where c.oid = ${
      index ? sql`(select indrelid from pg_index where indexrelid = to_regclass(${table}))` : sql`to_regclass(${table})`
    }
    group by c.relname
  `
  return row && { ...row, bytes: Number(row.bytes) }
}

/** A plan as lines of text. */
export function printPlan({ newer, migrations, functionsDiffer, isNew }: MigrationPlan): string {
  if (newer.length > 0) return `The database is of a newer release: it has ${newer.join(', ')}. Nothing would be done.`
  if (migrations.length === 0 && !functionsDiffer) return 'The database is up to date: nothing would be done.'
  if (isNew)
    return `The database is empty: ${migrations.length} migrations and the functions would be made, in one transaction.`
  return [
    'Nothing was changed. This is what `npm run migrate` would do:',
    ...migrations.flatMap(({ name, outsideTransaction, statements }) => [
      '',
      `${name}${outsideTransaction ? ' (outside of a transaction: everybody reads and writes meanwhile)' : ''}`,
      ...statements.flatMap(linesOf),
    ]),
    ...(functionsDiffer ? ['', 'functions', '  all are replaced: no table is locked'] : []),
    '',
    'Rows are the server’s estimate. What stands in one transaction keeps its locks until all of it is done.',
  ].join('\n')
}

function linesOf({ text, locks }: PlannedStatement): string[] {
  const line = text.replace(/\s+/g, ' ')
  const said = `  ${line.length > 110 ? `${line.slice(0, 109)}…` : line}`
  if (!locks) return [said, '      unknown to the plan: read it in the file']
  if (locks.length === 0) return [said, '      locks no table that is there now']
  return [
    said,
    ...locks.map(
      ({ table, mode, work, size }) => `      ${table} (${sized(size)}): ${mode}, ${effects[mode]}; ${work}`,
    ),
  ]
}

const effects: Record<LockMode, string> = {
  'ROW EXCLUSIVE': 'others read and write, but for the rows it changes',
  'SHARE UPDATE EXCLUSIVE': 'others read and write',
  SHARE: 'others read, nobody writes',
  'SHARE ROW EXCLUSIVE': 'others read, nobody writes',
  'ACCESS EXCLUSIVE': 'nobody reads or writes',
}

function sized({ rows, bytes }: Size): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  const amount = `${Math.round(bytes / 1024 ** power)} ${units[power]}`
  return rows === null
    ? `rows not counted yet, ${amount}`
    : `${Math.round(rows).toLocaleString('en-IN')} rows, ${amount}`
}
