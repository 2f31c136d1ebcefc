import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import type { Table } from './queries.ts'

/**
 * The file: gzip over lines. First a head in JSON; then for each table a JSON line with its name, its rows as
 * PostgreSQL writes them, and a line `\.`; at the end a manifest in JSON. A file without its end is no backup.
 */
export type Head = { format: typeof format; at: string; server: string; migrations: string[]; tables: Table[] }
export type Manifest = {
  tables: Record<string, { rows: number; sha256: string }>
  sequences: Record<string, string | null>
}

export const format = 'etf-backup 1'
const newline = 0x0a
const endOfTable = Buffer.from('\\.\n')

export type Piece =
  | { kind: 'head'; head: Head }
  | { kind: 'table'; name: string }
  | { kind: 'rows'; name: string; lines: Buffer }
  | { kind: 'table end'; name: string }
  | { kind: 'end'; manifest: Manifest }

/** Reads a backup piece by piece, whole lines at a time. Throws when it is not one, or damaged, or cut off. */
export async function* readPieces(file: string): AsyncGenerator<Piece> {
  let rest: Buffer = Buffer.alloc(0)
  let table: string | null = null
  let last: Piece['kind'] | null = null
  for await (const chunk of createReadStream(file).pipe(createGunzip())) {
    let text: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
    while (text.length > 0) {
      if (table === null) {
        const end = text.indexOf(newline)
        if (end === -1) break
        const piece = pieceOf(text.subarray(0, end).toString('utf8'))
        if (last === null && piece.kind !== 'head') throw new Error('this is not a backup of ours')
        if (piece.kind === 'table') table = piece.name
        last = piece.kind
        yield piece
        text = text.subarray(end + 1)
        continue
      }
      const stop = findEnd(text)
      const upTo = stop === -1 ? text.lastIndexOf(newline) + 1 : stop
      // A line that may be the beginning of the end waits for the rest of it.
      if (upTo > 0) yield { kind: 'rows', name: table, lines: text.subarray(0, upTo) }
      text = text.subarray(upTo)
      if (stop === -1) break
      yield { kind: 'table end', name: table }
      text = text.subarray(endOfTable.length)
      table = null
    }
    rest = text
  }
  if (last !== 'end') throw new Error('the backup is cut off: its end is missing')
}

/** Where the line `\.` stands that ends a table; -1 while it is not there. In data a backslash is always doubled. */
function findEnd(text: Buffer): number {
  for (let at = text.indexOf(endOfTable); at !== -1; at = text.indexOf(endOfTable, at + 1))
    if (at === 0 || text[at - 1] === newline) return at
  return -1
}

function pieceOf(line: string): Piece {
  try {
    const read = JSON.parse(line) as { format?: string; table?: string; end?: Manifest }
    if (read.format === format) return { kind: 'head', head: read as Head }
    if (typeof read.table === 'string') return { kind: 'table', name: read.table }
    if (read.end) return { kind: 'end', manifest: read.end }
  } catch {
    // Told below.
  }
  throw new Error('this is not a backup of ours, or it is damaged')
}

/** How many rows these lines are. */
export function countLines(lines: Buffer): number {
  let count = 0
  for (let at = lines.indexOf(newline); at !== -1; at = lines.indexOf(newline, at + 1)) count++
  return count
}
