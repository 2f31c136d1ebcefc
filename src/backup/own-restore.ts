import { createHash, type Hash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { countLines, type Head, type Manifest, readPieces } from './format.ts'
import {
  applyMigration,
  closeSession,
  copyIn,
  countRows,
  forgetFunctions,
  openSession,
  prepareTables,
  removeEverything,
  runAll,
  type Session,
  setSequences,
  stillSame,
} from './queries.ts'

const migrations = join(import.meta.dirname, '..', 'platform', 'migrations')

/**
 * Fills a database from a backup of ours, all of it or nothing: the tables of the release that made it, its rows, its
 * sequences. `npm run migrate` then brings it to this release. With `overwrite`, what was there before is removed.
 * @returns rows by table, counted in the database. Throws when the file and what arrived do not agree.
 */
export async function restoreOwnDump(file: string, url: string, overwrite: boolean): Promise<Record<string, number>> {
  const session = await openSession(url, 'write')
  try {
    if (overwrite) await removeEverything(session)
    const counts = await load(session, file)
    await stillSame(session)
    await closeSession(session, 'commit')
    return counts
  } catch (error) {
    await closeSession(session, 'rollback').catch(() => {})
    throw error
  }
}

/** Reads a backup to its end and compares its checksums, without a database. Returns rows by table. */
export async function readBack(file: string): Promise<Record<string, number>> {
  const seen = new Tally()
  for await (const piece of readPieces(file)) {
    if (piece.kind === 'rows') seen.add(piece.name, piece.lines)
    if (piece.kind === 'end') seen.compare(piece.manifest)
  }
  return seen.rows()
}

async function load(session: Session, file: string): Promise<Record<string, number>> {
  const seen = new Tally()
  let head: Head | null = null
  let after: string[] = []
  let rows: Writable | null = null
  try {
    for await (const piece of readPieces(file)) {
      if (piece.kind === 'head') {
        head = piece.head
        await buildTables(session, head)
        after = await prepareTables(session, head.tables)
      } else if (piece.kind === 'table') {
        rows = await copyIn(session, head!.tables.find(({ name }) => name === piece.name)!)
      } else if (piece.kind === 'rows') {
        seen.add(piece.name, piece.lines)
        if (!rows!.write(piece.lines)) await drained(rows!)
      } else if (piece.kind === 'table end') {
        rows!.end()
        await finished(rows!)
      } else {
        seen.compare(piece.manifest)
        await setSequences(session, piece.manifest.sequences)
      }
    }
  } catch (error) {
    // The server is told that no more will come; it would wait for it, and the rollback behind it.
    rows?.once('error', () => {}).destroy(error as Error)
    throw error
  }
  await runAll(session, after)
  const counts = await countRows(session, head!.tables)
  for (const [name, count] of Object.entries(counts))
    if (count !== (seen.rows()[name] ?? 0))
      throw new Error(`${name}: ${seen.rows()[name]} rows in the file, ${count} arrived`)
  await forgetFunctions(session)
  return counts
}

/** The tables as they were: by the migrations the backup names, each of which this checkout must have. */
async function buildTables(session: Session, head: Head): Promise<void> {
  const known = new Set(await readdir(migrations))
  const unknown = head.migrations.filter((name) => !known.has(name))
  if (unknown.length > 0) throw new Error(`this backup is of a newer release: it has ${unknown.join(', ')}`)
  for (const name of head.migrations)
    await applyMigration(session, name, await readFile(join(migrations, name), 'utf8'))
}

/** Waits until the stream takes more, or throws what broke it. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => {
      stream.off('drain', done).off('error', done).off('close', closed)
      if (error) reject(error)
      else resolve()
    }
    const closed = () => done(new Error('the connection to the database was lost on the way'))
    stream.once('drain', done).once('error', done).once('close', closed)
  })
}

/** What was read of each table. */
class Tally {
  private readonly tables = new Map<string, { rows: number; hash: Hash }>()

  add(name: string, lines: Buffer): void {
    const table = this.tables.get(name) ?? { rows: 0, hash: createHash('sha256') }
    table.rows += countLines(lines)
    table.hash.update(lines)
    this.tables.set(name, table)
  }

  rows(): Record<string, number> {
    return Object.fromEntries([...this.tables].map(([name, { rows }]) => [name, rows]))
  }

  compare(manifest: Manifest): void {
    for (const [name, wanted] of Object.entries(manifest.tables)) {
      const { rows, hash } = this.tables.get(name) ?? { rows: 0, hash: createHash('sha256') }
      if (rows !== wanted.rows || hash.copy().digest('hex') !== wanted.sha256)
        throw new Error(`the backup is damaged: ${name} is not what was written`)
    }
  }
}
