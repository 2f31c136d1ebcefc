import type { Sql } from '../../src/platform/db.ts'
import { xssPayload } from './xss-payloads.ts'

/** A hundred characters, the most that a name may have: a few words, and one too long for any line of a phone. */
export const longName =
  'Venkata Subrahmanyeswara Raghunathan ChattopadhyaymukhopadhyaywadhwanibalasubramaniamthiruvengadamMW'

/** Wednesdays, whose name is the widest, in May, late in the evening: one that is over and one to come. */
const past = '2018-05-30T22:59:00+05:30'
const future = '2035-05-30T22:59:00+05:30'

const refused = /^(23514|23503|23505|22003|428C9)$/

/**
 * Makes whatever the database holds as long as it can be shown: this text wherever words stand, e-mail addresses of a hundred
 * characters, ₹9,99,99,999.99 (₹99,99,999.99 in small columns), the longest date and hour. A rule that refuses a value keeps
 * the old one. The tables have to be unlocked. Returns the columns that are longer now.
 */
export async function stretch(sql: Sql, text: string): Promise<string[]> {
  const stretched = await xssPayload(sql, text)
  await sql`update users set email = left(md5(id::text) || repeat('w', 70), 100 - 17) || '@example.photo.in' where deleted_at is null`
  await sql`update mails set to_email = left('a.' || repeat('w', 100), 100 - 17) || '@example.photo.in'`
  await sql`update webhook_events set type = 'SUBSCRIPTION_AUTHORISATION_STATUS_WEBHOOK' where not accepted`
  const columns = await sql<{ table: string; column: string; type: string }[]>`
    select c.table_name as table, c.column_name as column, c.udt_name as type
    from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
      and c.table_name not in ('sessions', 'migrations', 'rate_counters', 'login_throttle')
      and (c.udt_name = 'timestamptz' or c.column_name like '%\_paise' and c.udt_name in ('int4', 'int8'))
    order by 1, 2`
  for (const { table, column, type } of columns) {
    const most = type === 'int8' ? 9_999_999_999 : 999_999_999
    const longest =
      type === 'timestamptz'
        ? sql`case when ${sql(column)} < now() then ${past}::timestamptz else ${future}::timestamptz end`
        : sql`${most}`
    try {
      const { count } = await sql`update ${sql(table)} set ${sql(column)} = ${longest} where ${sql(column)} is not null`
      if (count > 0) stretched.push(`${table}.${column}`)
    } catch (error) {
      if (!refused.test((error as { code?: string }).code ?? '')) throw error
    }
  }
  return stretched
}
