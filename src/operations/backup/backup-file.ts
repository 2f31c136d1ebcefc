import { constants } from 'node:fs'
import { access, open, stat } from 'node:fs/promises'
import { type OwnBackup, readOwnDump, refuseNewer, restoreOwnDump } from './own-restore.ts'
import { type DumpManifest, manifestOf, readDumpManifest, restoreDump } from './pg-dump.ts'
import { findPgRestore, type PgTools, pgReadBack } from './pg-tools.ts'

/** A backup that was read to its end and verified. */
export type BackupFile = { file: string } & (
  | { kind: 'own'; backup: OwnBackup }
  | { kind: 'pg_dump'; manifest: DumpManifest | null; tools: Pick<PgTools, 'restore'> }
)

/**
 * Reads a backup file of either kind to its end, without a database. Throws with a sentence when it is incomplete, damaged,
 * no backup, of a newer release, or when the tool for it is missing.
 */
export async function openBackup(
  file: string,
  options: { pgDump: string | null; withoutManifest: boolean },
): Promise<BackupFile> {
  const start = await firstBytes(file)
  if (start.subarray(0, 5).toString('latin1') === 'PGDMP') return openDump(file, options)
  if (start[0] !== 0x1f || start[1] !== 0x8b)
    throw new Error(`${file} is not a backup: neither a .etf.gz of ours nor a .dump of pg_dump`)
  const backup = await readOwnDump(file)
  await refuseNewer(backup.head)
  return { kind: 'own', file, backup }
}

/** Fills an empty database from it, and compares the result with what was backed up. */
export async function fillFrom(backup: BackupFile, url: string): Promise<void> {
  if (backup.kind === 'own') await restoreOwnDump(backup.file, backup.backup, url)
  else await restoreDump(backup.file, { ...backup, url })
}

async function openDump(
  file: string,
  { pgDump, withoutManifest }: { pgDump: string | null; withoutManifest: boolean },
): Promise<BackupFile> {
  const manifest = await readDumpManifest(file)
  if (!manifest && !withoutManifest)
    throw new Error(
      `${manifestOf(file)} is missing, and without it nobody can tell whether the file holds what was backed up. ` +
        'Copy it from where the backup was made, or say --without-manifest',
    )
  if (manifest) await refuseNewer(manifest)
  const tools = await findPgRestore(pgDump, manifest?.pgDump ?? 0)
  await pgReadBack(tools, file)
  return { kind: 'pg_dump', file, manifest, tools }
}

async function firstBytes(file: string): Promise<Buffer> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error(`there is no file ${file}`) : error
  })
  if (found.isDirectory()) throw new Error(`${file} is a folder, not a backup file`)
  if (!found.isFile()) throw new Error(`${file} is no ordinary file`)
  if (found.size === 0) throw new Error(`${file} is empty`)
  await access(file, constants.R_OK).catch(() => {
    throw new Error(`${file} may not be read by this account`)
  })
  const handle = await open(file, 'r')
  try {
    return (await handle.read(Buffer.alloc(5), 0, 5, 0)).buffer
  } finally {
    await handle.close()
  }
}
