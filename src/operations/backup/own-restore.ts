import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readMigration, readRelease } from '../../platform/release.ts'
import { type Contents, compareContents, measureTables, TableDigest } from './contents.ts'
import { countLines, type Head, type Manifest, type Piece, readPieces } from './format.ts'
import {
  applyMigration,
  closeSession,
  copyIn,
  forgetFunctions,
  listTables,
  openSession,
  prepareTables,
  runAll,
  type Session,
  setSequences,
  stillSame,
} from './queries.ts'

/** What a backup of ours says it holds, after all of it was read and agreed with its checksums. */
export type OwnBackup = { head: Head; manifest: Manifest; contents: Record<string, Contents> }

/** Reads a backup to its end, without a database. Throws with a sentence when any of it is not what was written. */
export async function readOwnDump(file: string): Promise<OwnBackup> {
  let head: Head | null = null
  let manifest: Manifest | null = null
  const contents: Record<string, Contents> = {}
  let digest = new TableDigest()
  let hash = createHash('sha256')
  let rows = 0
  const seen: Manifest['tables'] = {}
  for await (const piece of readPieces(file)) {
    if (piece.kind === 'head') head = piece.head
    if (piece.kind === 'table' && piece.name in seen)
      throw new Error(`the backup is damaged: ${piece.name} is in it twice`)
    if (piece.kind === 'table') [digest, hash, rows] = [new TableDigest(), createHash('sha256'), 0]
    if (piece.kind === 'rows') {
      digest.add(piece.lines)
      hash.update(piece.lines)
      rows += countLines(piece.lines)
    }
    if (piece.kind === 'table end') {
      // Rows of format 1 were written in the time zone of their server: they read differently in ours.
      const total = digest.total()
      contents[piece.name] = head!.revision === undefined ? { ...total, digest: null } : total
      seen[piece.name] = { rows, sha256: hash.digest('hex') }
    }
    if (piece.kind === 'end') manifest = piece.manifest
  }
  compareTables(head!, manifest!, seen)
  return { head: head!, manifest: manifest!, contents }
}

/**
 * Fills an empty database from a backup that `readOwnDump` has read, all of it or nothing: the tables of the release that
 * made it, its rows, its sequences. What arrived is read again and compared before it is kept.
 */
export async function restoreOwnDump(file: string, backup: OwnBackup, url: string): Promise<void> {
  const session = await openSession(url, 'write')
  try {
    await load(session, file, backup)
    await stillSame(session)
    await closeSession(session, 'commit')
  } catch (error) {
    await closeSession(session, 'rollback').catch(() => {})
    throw error
  }
}

async function load(session: Session, file: string, { head, manifest, contents }: OwnBackup): Promise<void> {
  for (const name of head.migrations) await applyMigration(session, name, await readMigration(name))
  const names = (tables: readonly { name: string }[]) => tables.map(({ name }) => name).sort()
  const lacking = names(await listTables(session)).filter((name) => !names(head.tables).includes(name))
  if (lacking.length > 0) throw new Error(`the backup lacks tables of its own release: ${lacking.join(', ')}`)
  const after = await prepareTables(session, head.tables)
  const pieces = readPieces(file)
  for await (const piece of pieces)
    if (piece.kind === 'table') {
      const table = head.tables.find(({ name }) => name === piece.name)!
      await pipeline(Readable.from(rowsOfTable(pieces)), await copyIn(session, table))
    }
  await setSequences(session, manifest.sequences)
  await runAll(session, after)
  compareContents(contents, await measureTables(session, head.tables))
  await forgetFunctions(session)
}

/** The rows up to the end of the table that is being read; the reader stays open for what follows. */
async function* rowsOfTable(pieces: AsyncGenerator<Piece>): AsyncGenerator<Buffer> {
  for (;;) {
    const { value, done } = await pieces.next()
    if (done || value.kind !== 'rows') return
    yield value.lines
  }
}

/** Whether this checkout has all that a backup was made of; throws when the backup is of a newer release. */
export async function refuseNewer({
  migrations,
  revision,
}: {
  migrations: string[]
  revision?: number | undefined
}): Promise<void> {
  const ours = await readRelease()
  const unknown = migrations.filter((name) => !ours.migrations.includes(name))
  if ((revision ?? 0) > ours.revision) unknown.push(`functions of revision ${revision}, here ${ours.revision}`)
  if (unknown.length > 0) throw new NewerBackup(`this backup is of a newer release: it has ${unknown.join(', ')}`)
}

/** A backup cannot be restored by an older release than made it. */
export class NewerBackup extends Error {
  override name = 'NewerBackup'
}

/** Head, tables and manifest must speak of the same tables, and the rows be those that were written. */
function compareTables(head: Head, manifest: Manifest, seen: Manifest['tables']): void {
  const names = new Set([...head.tables.map(({ name }) => name), ...Object.keys(manifest.tables), ...Object.keys(seen)])
  for (const name of names) {
    const [wanted, found] = [manifest.tables[name], seen[name]]
    if (!wanted || !found || !head.tables.some((table) => table.name === name))
      throw new Error(`the backup is damaged: the table ${name} is missing in a part of it`)
    if (wanted.rows !== found.rows || wanted.sha256 !== found.sha256)
      throw new Error(`the backup is damaged: ${name} is not what was written`)
  }
}
