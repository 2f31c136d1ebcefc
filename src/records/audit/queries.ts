import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** The end of the chain: how many rows are sealed, and the last seal, in hexadecimal. */
export type Head = { position: number; hash: string }

/** One thing that does not agree: at which seal, about which row; null where there is none. */
export type Fault = { position: number | null; auditId: number | null; fault: string }

/** What verifying came to: seals that were checked, how many do not agree, and the first hundred of those. */
export type Verdict = { looked: number; wrong: number; faults: Fault[] }

const shown = 100

/** Seals at most so many rows. Returns how many were sealed, and where the chain ends now. */
export async function sealWaiting(sql: Sql, most: number): Promise<Head & { sealed: number }> {
  const [row] = await sql<(Head & { sealed: number })[]>`
    select sealed, position, head as hash from seal_audit(${most})
  `
  return row!
}

/** Where the chain ends, as the last line `audit sealed` of the log should say; at 0 before the first seal. */
export async function auditHead(sql: Sql): Promise<Head> {
  const [row] = await sql<Head[]>`select position, encode(hash, 'hex') as hash from audit_head`
  return row!
}

/**
 * Computes the whole chain anew and compares; reads only, about five seconds for a million rows. That is longer than the four
 * seconds a page's statement may take: several statements in one message are one transaction, and the limit that is set in it
 * ends with it.
 */
export async function verifyAudit(sql: Sql): Promise<Verdict> {
  const results = (await sql.unsafe(
    `set local statement_timeout = '5min'; set local work_mem = '64MB'; set local jit = off;
     with faults as materialized (
       select fault, row_number() over (order by position, audit_id) as place,
              jsonb_build_object('position', position, 'auditId', audit_id, 'fault', fault) as entry
       from verify_audit()
     )
     select (select count(*)::int from audit_seals) as looked,
            (select count(*)::int from faults) as wrong,
            (select coalesce(jsonb_agg(faults.entry order by place), '[]') from faults where place <= ${shown}) as faults`,
  )) as unknown as { looked: number; wrong: number; faults: Fault[] }[][]
  return results.at(-1)![0]!
}

/** Puts on record that somebody took a file with data of many people: which, and by what it was narrowed. */
export async function recordExport(sql: Sql, details: Record<string, string>, by: Actor): Promise<void> {
  await sql`select record_audit(${by.actor}, 'export.downloaded', p_details => ${sql.json(details)}, p_origin => ${originJson(sql, by)})`
}

/** Puts on record that an administrator took somebody's receipt or credit note. */
export async function recordPaperDownload(
  sql: Sql,
  paper: { number: string; userId: string },
  by: Actor,
): Promise<void> {
  await sql`
    select record_audit(${by.actor}, 'paper.downloaded', p_user_id => ${paper.userId}, p_origin => ${originJson(sql, by)},
                        p_details => jsonb_build_object('paper', ${paper.number}::text))
  `
}
