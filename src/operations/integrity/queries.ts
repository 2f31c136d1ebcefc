import type { Sql } from '../../platform/db.ts'
import type { IntegrityReport, Money } from './integrity.ts'

const shown = 20

/**
 * Runs one of the functions of *.sql that answer broken rows: how many, and the first ids. Large books take longer than
 * the four seconds a page may: the statement brings its own limit, for itself alone.
 */
export async function listBroken(sql: Sql, name: string): Promise<{ wrong: number; ids: string[] }> {
  if (!/^broken_[a-z0-9_]+$/.test(name)) throw new Error(`${name} is not a check`)
  const [row] = await patiently<{ wrong: number; ids: string[] }>(
    sql,
    `select count(*)::int as wrong, coalesce(jsonb_agg(id order by id) filter (where place <= ${shown}), '[]') as ids
     from (select id, row_number() over (order by id) as place from ${name}() as id) broken`,
  )
  return row!
}

/** Rows of every kind that is checked. */
export async function countThings(sql: Sql): Promise<Record<string, number>> {
  const [row] = await patiently<{ counts: Record<string, number> }>(sql, 'select book_counts() as counts')
  return row!.counts
}

/** Σ captured and where it is, per currency, in paise. */
export async function sumMoney(sql: Sql): Promise<Money[]> {
  return patiently<Money>(sql, 'select * from places_of_money()')
}

/** Keeps a report and lets the oldest of more than thirty go. */
export async function insertReport(sql: Sql, report: IntegrityReport): Promise<void> {
  await sql`
    with kept as (
      insert into book_checks (took_ms, broken, report)
      values (${report.tookMs}, ${report.broken}, ${sql.json(report as never)})
    )
    delete from book_checks where id in (select id from book_checks order by id desc offset 29)
  `
}

/** The newest report. */
export async function findLastReport(sql: Sql): Promise<{ checkedAt: Date; report: IntegrityReport } | undefined> {
  const [row] = await sql<{ checkedAt: Date; report: IntegrityReport }[]>`
    select checked_at, report from book_checks order by id desc limit 1
  `
  return row
}

/** An incident a day, however often the books are found broken on it. */
export async function recordBrokenInvariants(sql: Sql, report: IntegrityReport): Promise<void> {
  const broken = report.checks.filter((check) => check.wrong > 0)
  await sql`
    insert into incidents (kind, subject_key, details)
    values ('books-broken', (now() at time zone 'Asia/Kolkata')::date::text, ${sql.json(broken as never)})
    on conflict on constraint one_incident_per_kind_and_subject do nothing
  `
}

/** Several statements in one message are one transaction: the limits set in it end with it. */
async function patiently<T>(sql: Sql, question: string): Promise<T[]> {
  const results = (await sql.unsafe(
    `set local statement_timeout = '5min'; set local work_mem = '64MB'; set local jit = off; ${question}`,
  )) as unknown as T[][]
  return results.at(-1)!
}
