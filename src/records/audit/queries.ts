import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** The end of the chain: how many rows are sealed, and the last seal, in hexadecimal. */
export type Head = { position: number; hash: string }

/** One thing that does not agree: at which seal, about which row; null where there is none. */
export type Fault = { position: number | null; auditId: number | null; fault: string }

/** A piece of the chain that was verified: how many seals, how many faults with the first hundred of them, and where it ended. */
export type Piece = {
  looked: number
  upTo: number
  hash: string
  upToId: number
  isLast: boolean
  wrong: number
  faults: Fault[]
}

/**
 * Up to where the chain was verified before: the seal's position and hash, the row up to which all have one, and ISO times of that,
 * of the last whole verification and of the audit's first row. `onRecord`: the audit itself names the same place.
 */
export type VerifiedHead = Head & {
  lowWater: number
  verifiedAt: string | null
  wholeAt: string | null
  firstAt: string | null
  onRecord: boolean
}

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

/** Verifies at most `rows` seals after a place of the chain; reads only. */
export function verifyPiece(sql: Sql, { upTo, hash, upToId }: Pick<Piece, 'upTo' | 'hash' | 'upToId'>, rows: number) {
  return patiently<Piece>(
    sql,
    `verify_audit_piece(${Number(upTo)}, '${hash.replace(/[^0-9a-f]/g, '')}', ${Number(upToId)}, ${rows})`,
  )
}

/** Verifies at most `rows` seals after the verified head and moves it past them; it stays where something does not agree. */
export function advanceVerifiedHead(sql: Sql, rows: number): Promise<Piece> {
  return patiently<Piece>(sql, `advance_verified_audit(${rows})`)
}

/** Where checks begin that do not verify the whole chain. */
export async function verifiedHead(sql: Sql): Promise<VerifiedHead> {
  const [row] = await sql<{ head: VerifiedHead }[]>`select verified_audit_head() as head`
  return row!.head
}

/** Puts on record that the chain was verified from its first seal up to this one. */
export async function recordWholeVerification(sql: Sql, { position, hash }: Head): Promise<void> {
  await sql`select note_whole_audit(${position}, ${hash})`
}

/**
 * A piece takes a quarter of a second, on a busy server longer than the four seconds of a page's statement: it is given thirty.
 * Several statements in one message are one transaction, and the limit that is set in it ends with it.
 */
async function patiently<T>(sql: Sql, call: string): Promise<T> {
  const results = (await sql.unsafe(
    `set local statement_timeout = '30s'; set local work_mem = '64MB'; select ${call} as result`,
  )) as unknown as { result: T }[][]
  return results.at(-1)![0]!.result
}

/** Puts on record that somebody took a file with data of many people: which, and by what it was narrowed. */
export async function recordExport(sql: Sql, details: Record<string, string>, by: Actor): Promise<void> {
  await sql`
    select record_audit(${by.actor}, 'export.downloaded', p_details => ${sql.json(details)}, p_origin => ${originJson(sql, by)})
  `
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
