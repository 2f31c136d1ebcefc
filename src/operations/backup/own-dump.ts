import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { countLines, format, type Head, type Manifest } from './format.ts'
import {
  assertSameConnection,
  copyOut,
  listMigrations,
  listSequences,
  listTables,
  readRevision,
  type Session,
} from './queries.ts'

const chunkBytes = 64 * 1024

/**
 * Streams everything in this session's snapshot into one compressed file, which is synced to the disk when this resolves.
 */
export async function writeOwnDump(session: Session, server: string, file: string): Promise<void> {
  await pipeline(
    Readable.from(withHash(everything(session, server))),
    createGzip({ level: 6 }),
    createWriteStream(file, { mode: 0o600, flags: 'wx', flush: true }),
  )
}

/** The pieces, followed by their hash. */
async function* withHash(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
  yield line({ sha256: hash.digest('hex') })
}

async function* everything(session: Session, server: string): AsyncGenerator<Buffer> {
  const manifest: Manifest = { tables: {}, sequences: {} }
  const tables = await listTables(session)
  const migrations = await listMigrations(session)
  const revision = await readRevision(session)
  yield line({ format, at: new Date().toISOString(), server, migrations, revision, tables } satisfies Head)
  for (const table of tables) {
    yield line({ table: table.name })
    const hash = createHash('sha256')
    let rows = 0
    for await (const lines of batched(await copyOut(session, table))) {
      hash.update(lines)
      rows += countLines(lines)
      yield lines
    }
    yield Buffer.from('\\.\n')
    manifest.tables[table.name] = { rows, sha256: hash.digest('hex') }
    await assertSameConnection(session)
  }
  manifest.sequences = await listSequences(session)
  yield line({ end: manifest })
}

/** Joins single rows to larger chunks, which are cheaper to handle. */
async function* batched(rows: Readable): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let size = 0
  for await (const row of rows) {
    parts.push(row as Buffer)
    size += (row as Buffer).length
    if (size < chunkBytes) continue
    yield Buffer.concat(parts)
    parts = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(parts)
}

function line(content: object): Buffer {
  return Buffer.from(`${JSON.stringify(content)}\n`)
}
