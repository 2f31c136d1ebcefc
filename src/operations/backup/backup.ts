import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeOwnDump } from './own-dump.ts'
import { manifestOf, writeDumpManifest } from './pg-dump.ts'
import { findPgTools, type PgTools, pgDump } from './pg-tools.ts'
import {
  assertSameConnection,
  closeSession,
  countRows,
  describeServer,
  isEmpty,
  listTables,
  openSession,
} from './queries.ts'
import { type LastBackup, recordBackup } from './record.ts'
import { verify } from './verify.ts'

export type BackupOptions = {
  url: string
  /** Where the file goes. */
  dir: string
  /** Folder of the record of the newest backup, which the doctor reads. */
  recordDir: string
  /** PG_DUMP. */
  pgDump: string | null
  log: (line: string) => void
}

/**
 * Makes a backup, verifies it by restoring it beside the original, and records it. Throws when it could not be made or
 * verified; a file that failed is renamed to `….suspect`.
 */
export async function makeBackup({ url, dir, recordDir, pgDump: named, log }: BackupOptions): Promise<LastBackup> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const at = new Date().toISOString()
  const { partial, counts, tools } = await write(
    url,
    join(dir, `etf-${at.replaceAll(':', '-').slice(0, 19)}Z`),
    named,
    log,
  )
  const file = partial.replace(/\.partial$/, '')
  // The manifest first, so that a `.dump` under its final name always has one.
  if (tools) await rename(manifestOf(partial), manifestOf(file))
  await rename(partial, file)
  await syncFolder(dir)
  const { size } = await stat(file)
  const rows = Object.values(counts).reduce((sum, count) => sum + count, 0)
  log(`▸ written: ${file}, ${(size / 1e6).toFixed(2)} MB, ${rows} rows of ${Object.keys(counts).length} tables`)
  try {
    const proof = await verify({
      url,
      file,
      pgDump: named,
      scratch: `etf_verify_${randomBytes(6).toString('hex')}`,
      log,
    })
    const made: LastBackup = { at, file, bytes: size, rows, tool: tools ? 'pg_dump' : 'own', proof }
    await recordBackup(recordDir, made)
    return made
  } catch (error) {
    await rename(file, `${file}.suspect`)
    if (tools) await rename(manifestOf(file), manifestOf(`${file}.suspect`))
    throw error
  }
}

type Written = { partial: string; counts: Record<string, number>; tools: PgTools | null }

/** Writes the file under a `.partial` name, which it keeps until it is complete and on the disk. */
async function write(url: string, name: string, named: string | null, log: (line: string) => void): Promise<Written> {
  const session = await openSession(url, 'snapshot')
  let partial = ''
  try {
    if (await isEmpty(session)) throw new Error('there is nothing in this database yet')
    const server = await describeServer(session)
    const tools = await findPgTools(named, server.major)
    partial = `${name}.${tools ? 'dump' : 'etf.gz'}.partial`
    log(
      tools
        ? `▸ pg_dump ${tools.major} of PostgreSQL ${server.version}`
        : `▸ own dump of PostgreSQL ${server.version} (no pg_dump ${server.major} here)`,
    )
    const tables = await listTables(session)
    if (tools) {
      await pgDump(tools, url, server.snapshot, partial)
      await syncFile(partial)
      await writeDumpManifest(partial, session, { tables, tools })
    } else await writeOwnDump(session, server.version, partial)
    const counts = await countRows(session, tables)
    await assertSameConnection(session)
    return { partial, counts, tools }
  } catch (error) {
    if (partial) for (const file of [partial, manifestOf(partial)]) await rm(file, { force: true })
    throw error
  } finally {
    await closeSession(session, 'rollback').catch(() => {})
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.chmod(0o600)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A renamed file survives a crash only once its folder is synced. */
async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  await handle.sync().catch(() => {})
  await handle.close()
}
