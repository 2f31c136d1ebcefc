import { hash } from 'node:crypto'
import { copyOut, type Session, stillSame, type Table } from './queries.ts'

/** What a table holds, whatever the order of its rows: how many, and a sum over the hashes of all of them (null: not known). */
export type Contents = { rows: number; digest: string | null }

/** Adds up a table's rows, given as whole lines the way PostgreSQL's COPY writes them. */
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

/** What these tables hold as this session sees them. Reads all of it. */
export async function measureTables(session: Session, tables: readonly Table[]): Promise<Record<string, Contents>> {
  const found: Record<string, Contents> = {}
  for (const table of tables) {
    const digest = new TableDigest()
    for await (const lines of await copyOut(session, table)) digest.add(lines as Buffer)
    found[table.name] = digest.total()
    await stillSame(session)
  }
  return found
}

/** Throws when a table is missing, has another number of rows, or holds something else. */
export function compareContents(wanted: Record<string, Contents>, found: Record<string, Contents>): void {
  for (const [name, { rows, digest }] of Object.entries(wanted)) {
    const there = found[name]
    if (!there) throw new Error(`${name}: the table is missing`)
    if (there.rows !== rows) throw new Error(`${name}: ${rows} rows were backed up, ${there.rows} came back`)
    if (digest !== null && there.digest !== digest) throw new Error(`${name}: what came back is not what was backed up`)
  }
}
