import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { withinTransaction } from '../../platform/outside-transaction.ts'
import { readMigration, readRelease } from '../../platform/release.ts'
import { type Contents, compareContents, measureTables, TableDigest } from './contents.ts'
import { countLines, type Head, type Manifest, type Piece, readPieces } from './format.ts'
import {
  applyMigration,
  assertSameConnection,
  clearFunctionMarker,
  closeSession,
  copyIn,
  listTables,
  openSession,
  prepareTables,
  runAll,
  type Session,
  setSequences,
} from './queries.ts'

/** What a backup in our own format holds, after all of it was read and its checksums agreed. */
export type OwnBackup = { head: Head; manifest: Manifest; contents: Record<string, Contents> }

/** Reads a backup to its end, without a database. Throws with a sentence when it is damaged. */
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
      // Rows of format 1 are printed in the time zone of their server, so their digests cannot be compared.
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
 * Fills an empty database from a backup that `readOwnDump` has read, in one transaction: the tables of the release that
 * made it, its rows, its sequences. The rows are read again and compared before the commit.
 */
export async function restoreOwnDump(file: string, backup: OwnBackup, url: string): Promise<void> {
  const session = await openSession(url, 'write')
  try {
    await load(session, file, backup)
    await assertSameConnection(session)
    await closeSession(session, 'commit')
  } catch (error) {
    await closeSession(session, 'rollback').catch(() => {})
    throw error
  }
}

async function load(session: Session, file: string, { head, manifest, contents }: OwnBackup): Promise<void> {
  for (const name of head.migrations) await applyMigration(session, name, withinTransaction(await readMigration(name)))
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
  await clearFunctionMarker(session)
}

/** The rows up to the end of the present table; the reader stays open for what follows. */
async function* rowsOfTable(pieces: AsyncGenerator<Piece>): AsyncGenerator<Buffer> {
  for (;;) {
    const { value, done } = await pieces.next()
    if (done || value.kind !== 'rows') return
    yield value.lines
  }
}

/** Throws NewerBackup when the backup is of a newer release than this checkout. */
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

/** The backup was made by a newer release, so this one cannot restore it. */
export class NewerBackup extends Error {
  override name = 'NewerBackup'
}

/** Throws when head, tables and manifest do not name the same tables, or the rows are not those that were written. */
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
