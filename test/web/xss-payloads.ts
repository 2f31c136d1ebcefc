import type { Sql } from '../../src/platform/db.ts'

/** What keeps the rows consistent: changed, it would only make pages of nothing. */
const links = new Set(
  `id key kind status verdict role order_id cf_payment_id cf_order_id subject_key plan_key replaces currency
   receipt_number number financial_year refund_id username email password_hash state_code symbol basis email_verified_at
   granted_by voided_by actor created_by confirmed_by requested_by resolved_by idempotency_key grant_key origin consented_to
   purpose cadence link asked_key`.split(/\s+/),
)
/** Tables that nobody is shown, and names that are addresses. */
const unseen = ['migrations', 'rate_counters', 'plans.name', 'instruments.kind', 'imports.origin']

type Column = { table: string; column: string; type: string; key: boolean }

/** Columns that people, Cashfree or browsers fill with words, in every table there is. */
async function wordColumns(sql: Sql): Promise<Column[]> {
  const columns = await sql<Column[]>`
    select c.table_name as table, c.column_name as column, c.udt_name as type, false as key
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.udt_name in ('text', 'jsonb')
    order by 1, 2`
  return columns.filter(
    ({ table, column, type }) =>
      (type === 'jsonb' || !links.has(column)) && !unseen.includes(table) && !unseen.includes(`${table}.${column}`),
  )
}

/** Lets tables be changed that otherwise are not: receipts, the audit. For a fixture that is thrown away. */
export async function unlock(sql: Sql): Promise<void> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`
  for (const { name } of tables) await sql.unsafe(`alter table ${name} disable trigger user`)
}

/**
 * Puts this text into every text of the database, in columns and inside their JSON; a column whose rule refuses it is
 * left alone. Returns the columns that hold it now.
 */
export async function xssPayload(sql: Sql, text: string): Promise<string[]> {
  const poisoned: string[] = []
  for (const { table, column, type } of await wordColumns(sql)) {
    try {
      const { count } =
        type === 'jsonb' ? await poisonJson(sql, table, column, text) : await poisonText(sql, table, column, text)
      if (count > 0) poisoned.push(`${table}.${column}`)
    } catch (error) {
      // Its rule refuses it (23514), or something points at it (23503): no endpoint can store it either.
      if (!/^(23514|23503|22P02|42804|428C9|22023)$/.test((error as { code?: string }).code ?? '')) throw error
    }
  }
  return poisoned
}

async function poisonText(sql: Sql, table: string, column: string, text: string): Promise<{ count: number }> {
  const codeOf = (error: unknown) => (error as { code?: string }).code
  try {
    return await sql`update ${sql(table)} set ${sql(column)} = ${text}`
  } catch (error) {
    // Two may not be the same, or some rows may have none.
    if (codeOf(error) === '23505') return sql`update ${sql(table)} set ${sql(column)} = ${text} || ctid::text`
    if (codeOf(error) !== '23514') throw error
    return sql`update ${sql(table)} set ${sql(column)} = ${text} where ${sql(column)} is not null`
  }
}

async function poisonJson(sql: Sql, table: string, column: string, text: string): Promise<{ count: number }> {
  const rows = await sql<{ at: string; value: unknown }[]>`
    select ctid::text as at, ${sql(column)} as value from ${sql(table)} where ${sql(column)} is not null`
  for (const { at, value } of rows)
    await sql`update ${sql(table)} set ${sql(column)} = ${sql.json(poisonedJson(value, text) as never)} where ctid = ${at}::tid`
  return { count: rows.length }
}

/** The same shape with this text for every word in it, and one more word in every object. */
function poisonedJson(value: unknown, text: string): unknown {
  if (typeof value === 'string') return /^(\d+|\d{4}-\d\d-\d\d.*|ds_\w+)$/.test(value) ? value : text
  if (Array.isArray(value)) return value.map((one) => poisonedJson(one, text))
  if (value === null || typeof value !== 'object') return value
  const same = Object.entries(value).map(([key, one]) => [key, poisonedJson(one, text)])
  return Object.fromEntries(same)
}
