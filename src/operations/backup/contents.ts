import { hash } from 'node:crypto'
import { assertSameConnection, copyOut, type Session, type Table } from './queries.ts'

/** A fingerprint of a table, whatever the order of its rows: their number, and the sum of their hashes (null: unknown). */
export type Contents = { rows: number; digest: string | null }

/** Adds up a table's rows, given as whole lines of COPY. */
export class TableDigest {
  private rows = 0
  private high = 0n
  private low = 0n

  add(lines: Buffer): void {
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf(0x0a, start)
      const row = hash('sha256', lines.subarray(start, end === -1 ? lines.length : end), 'buffer')
      this.high = BigInt.asUintN(64, this.high + row.readBigUInt64BE(0))
      this.low = BigInt.asUintN(64, this.low + row.readBigUInt64BE(8))
      this.rows++
      start = end === -1 ? lines.length : end + 1
    }
  }

  total(): Contents {
    const hex = (part: bigint) => part.toString(16).padStart(16, '0')
    return { rows: this.rows, digest: hex(this.high) + hex(this.low) }
  }
}

/** The fingerprints of these tables in this session's snapshot. Reads all rows. */
export async function measureTables(session: Session, tables: readonly Table[]): Promise<Record<string, Contents>> {
  const found: Record<string, Contents> = {}
  for (const table of tables) {
    const digest = new TableDigest()
    for await (const lines of await copyOut(session, table)) digest.add(lines as Buffer)
    found[table.name] = digest.total()
    await assertSameConnection(session)
  }
  return found
}

/** Throws when a table is missing, or has another number of rows or other contents. */
export function compareContents(wanted: Record<string, Contents>, found: Record<string, Contents>): void {
  for (const [name, { rows, digest }] of Object.entries(wanted)) {
    const actual = found[name]
    if (!actual) throw new Error(`${name}: the table is missing`)
    if (actual.rows !== rows) throw new Error(`${name}: ${rows} rows were backed up, ${actual.rows} came back`)
    if (digest !== null && actual.digest !== digest)
      throw new Error(`${name}: what came back is not what was backed up`)
  }
}
