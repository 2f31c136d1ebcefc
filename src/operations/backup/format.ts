import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Table } from './queries.ts'

/**
 * The file is gzip over lines. First a head in JSON; then for each table a JSON line with its name, its rows as COPY writes
 * them, and a line `\.`; then a manifest in JSON; at the end a line with the SHA-256 of all before it. A file without its
 * end is no backup. Files of format 1 end with the manifest.
 */
export type Head = {
  format: (typeof formats)[number]
  at: string
  server: string
  migrations: string[]
  /** Revision of the SQL functions; absent in format 1. */
  revision?: number
  tables: Table[]
}
export type Manifest = {
  tables: Record<string, { rows: number; sha256: string }>
  sequences: Record<string, string | null>
}

export const format = 'etf-backup 2'
const formats = ['etf-backup 1', format] as const
const newline = 0x0a
const endOfTable = Buffer.from('\\.\n')

export type Piece =
  | { kind: 'head'; head: Head }
  | { kind: 'table'; name: string }
  | { kind: 'rows'; name: string; lines: Buffer }
  | { kind: 'table end'; name: string }
  | { kind: 'end'; manifest: Manifest }
  | { kind: 'checksum'; sha256: string }

/** Reads a backup piece by piece, whole lines at a time. Throws when it is not one, or damaged, or cut off. */
export async function* readPieces(file: string): AsyncGenerator<Piece> {
  const hash = createHash('sha256')
  let rest: Buffer = Buffer.alloc(0)
  let table: string | null = null
  let last: Piece['kind'] | null = null
  let ending: Piece['kind'] = 'checksum'
  for await (const chunk of unpacked(file)) {
    let text: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    while (text.length > 0) {
      if (table === null) {
        const end = text.indexOf(newline)
        if (end === -1) break
        const piece = pieceOf(text.subarray(0, end).toString('utf8'))
        if ((last === null) !== (piece.kind === 'head')) throw new Error('this is not a backup of ours')
        if (last === ending || (last === 'end') !== (piece.kind === 'checksum'))
          throw new Error('the backup is damaged: its end is not where it should be')
        if (piece.kind === 'head' && piece.head.format === formats[0]) ending = 'end'
        if (piece.kind === 'table') table = piece.name
        if (piece.kind === 'checksum' && piece.sha256 !== hash.copy().digest('hex'))
          throw new Error('the backup is damaged: it is not what was written')
        last = piece.kind
        hash.update(text.subarray(0, end + 1))
        yield piece
        text = text.subarray(end + 1)
        continue
      }
      const stop = findEnd(text)
      const upTo = stop === -1 ? text.lastIndexOf(newline) + 1 : stop
      // An incomplete line, which may be the start of the end mark, waits for the next chunk.
      if (upTo > 0) yield { kind: 'rows', name: table, lines: text.subarray(0, upTo) }
      hash.update(text.subarray(0, upTo))
      text = text.subarray(upTo)
      if (stop === -1) break
      yield { kind: 'table end', name: table }
      hash.update(endOfTable)
      text = text.subarray(endOfTable.length)
      table = null
    }
    rest = text
  }
  if (last !== ending || rest.length > 0) throw new Error('the backup is cut short: its end is missing')
}

async function* unpacked(file: string): AsyncGenerator<Buffer> {
  const unzip = createGunzip()
  // Errors of the file reach the reader through `unzip`.
  pipeline(createReadStream(file), unzip, () => {})
  try {
    yield* unzip as AsyncIterable<Buffer>
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'Z_BUF_ERROR') throw new Error('the backup is cut short: its end is missing')
    if (code?.startsWith('Z_')) throw new Error(`the backup is damaged: ${message}`)
    throw error
  }
}

/** Offset of the line `\.` that ends a table; -1 when it is not there. In data a backslash is always doubled. */
function findEnd(text: Buffer): number {
  for (let at = text.indexOf(endOfTable); at !== -1; at = text.indexOf(endOfTable, at + 1))
    if (at === 0 || text[at - 1] === newline) return at
  return -1
}

function pieceOf(line: string): Piece {
  try {
    const read = JSON.parse(line) as { format?: string; table?: string; end?: Manifest; sha256?: string }
    if (formats.some((known) => known === read.format)) return { kind: 'head', head: read as Head }
    if (typeof read.table === 'string') return { kind: 'table', name: read.table }
    if (read.end) return { kind: 'end', manifest: read.end }
    if (typeof read.sha256 === 'string') return { kind: 'checksum', sha256: read.sha256 }
  } catch {
    // Thrown below.
  }
  throw new Error('this is not a backup of ours, or it is damaged')
}

/** Number of lines. */
export function countLines(lines: Buffer): number {
  let count = 0
  for (let at = lines.indexOf(newline); at !== -1; at = lines.indexOf(newline, at + 1)) count++
  return count
}
