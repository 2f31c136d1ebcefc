import type { Sql } from '../../platform/db.ts'
import type { Fault, Head, Verdict } from './audit.ts'

const shown = 100

/** Seals at most so many rows. Returns how many it were, and where the chain ends now. */
export async function sealWaiting(sql: Sql, most: number): Promise<Head & { sealed: number }> {
  const [row] = await sql<(Head & { sealed: number })[]>`
    select sealed, position, head as hash from seal_audit(${most})
  `
  return row!
}

/** Where the chain ends; at 0 before the first seal. */
export async function findHead(sql: Sql): Promise<Head> {
  const [row] = await sql<Head[]>`select position, encode(hash, 'hex') as hash from audit_head`
  return row!
}

/**
 * What does not agree, the first hundred of it. A long chain takes longer than the four seconds a page may: several
 * statements in one message are one transaction, and the limit set in it ends with it.
 */
export async function findFaults(sql: Sql): Promise<Verdict> {
  const results = (await sql.unsafe(
    `set local statement_timeout = '5min'; set local work_mem = '64MB'; set local jit = off;
     with faults as materialized (
       select fault, row_number() over (order by position, audit_id) as place,
              jsonb_build_object('position', position, 'auditId', audit_id, 'fault', fault) as told
       from verify_audit()
     )
     select (select count(*)::int from audit_seals) as looked,
            (select count(*)::int from faults) as wrong,
            (select coalesce(jsonb_agg(told order by place), '[]') from faults where place <= ${shown}) as faults`,
  )) as unknown as { looked: number; wrong: number; faults: Fault[] }[][]
  return results.at(-1)![0]!
}
