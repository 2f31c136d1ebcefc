import type { Sql } from './db.ts'

/** Where a person's request came from, for the audit. */
export type AuditContext = { address: string; userAgent: string; requestId: string }

/** Who does something: the audit's actor ('user:<id>', 'command', 'clock'…), and from where when it is a person. */
export type Actor = { actor: string; origin: AuditContext | null }

/**
 * The first CTE of a statement whose audit rows name the origin: `with origin as materialized (${auditContextOf(sql, actor)})`.
 * Whatever writes to `audit` must read from it (`from origin`), so that it runs first. Its column is `known`.
 */
export function auditContextOf(sql: Sql, { origin }: Actor) {
  return sql`select set_config('etf.origin', ${origin ? JSON.stringify(origin) : ''}, true) as known`
}

/** `p_origin` of the SQL functions that write to the audit: null where no person does something. */
export const originJson = (sql: Sql, { origin }: Partial<Actor>) => (origin ? sql.json(origin) : null)
