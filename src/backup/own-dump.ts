import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { countLines, format, type Head, type Manifest } from './format.ts'
import { copyOut, listMigrations, listSequences, listTables, type Session, stillSame } from './queries.ts'

const chunkBytes = 64 * 1024

/**
 * Writes everything this session's snapshot sees into one compressed file, a little at a time however much there is.
 * The file is on the disk, not in a cache, when this resolves.
 * @returns rows by table.
 */
export async function writeOwnDump(session: Session, server: string, file: string): Promise<Record<string, number>> {
  const manifest: Manifest = { tables: {}, sequences: {} }
  await pipeline(
    Readable.from(everything(session, server, manifest)),
    createGzip({ level: 6 }),
    createWriteStream(file, { mode: 0o600, flags: 'wx', flush: true }),
  )
  return Object.fromEntries(Object.entries(manifest.tables).map(([name, { rows }]) => [name, rows]))
}

async function* everything(session: Session, server: string, manifest: Manifest): AsyncGenerator<Buffer> {
  const tables = await listTables(session)
  const migrations = await listMigrations(session)
  yield line({ format, at: new Date().toISOString(), server, migrations, tables } satisfies Head)
  for (const table of tables) {
    yield line({ table: table.name })
    const hash = createHash('sha256')
    let rows = 0
    for await (const lines of gathered(await copyOut(session, table))) {
      hash.update(lines)
      rows += countLines(lines)
      yield lines
    }
    yield Buffer.from('\\.\n')
    manifest.tables[table.name] = { rows, sha256: hash.digest('hex') }
    await stillSame(session)
  }
  manifest.sequences = await listSequences(session)
  yield line({ end: manifest })
}

/** Rows come one by one; together they are cheaper to handle. */
async function* gathered(rows: Readable): AsyncGenerator<Buffer> {
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
