import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Contents, compareContents, measureTables } from './contents.ts'
import { type PgTools, pgRestore } from './pg-tools.ts'
import { closeSession, listMigrations, openSession, readRevision, type Session, type Table } from './queries.ts'

/**
 * The manifest beside a `.dump` of pg_dump, in `FILE.manifest.json`: its checksum and the contents of its tables, because
 * pg_restore itself does not notice a changed value.
 */
export type DumpManifest = {
  format: 'etf-dump-manifest 1'
  at: string
  pgDump: number
  migrations: string[]
  revision: number
  tables: Table[]
  contents: Record<string, Contents>
  file: { bytes: number; sha256: string }
}

/** The manifest's file name. */
export function manifestOf(file: string): string {
  return `${file}.manifest.json`
}

/** Writes the manifest of `file`, from the snapshot that it was made from. */
export async function writeDumpManifest(
  file: string,
  session: Session,
  { tables, tools }: { tables: Table[]; tools: PgTools },
): Promise<void> {
  const manifest: DumpManifest = {
    format: 'etf-dump-manifest 1',
    at: new Date().toISOString(),
    pgDump: tools.major,
    migrations: await listMigrations(session),
    revision: await readRevision(session),
    tables,
    contents: await measureTables(session, tables),
    file: await fingerprint(file),
  }
  const handle = await open(manifestOf(file), 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The manifest of a `.dump`; null when there is none. Throws when the file is not the one it was written for. */
export async function readDumpManifest(file: string): Promise<DumpManifest | null> {
  const text = await readFile(manifestOf(file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  const manifest = parsed(text)
  if (manifest?.format !== 'etf-dump-manifest 1')
    throw new Error(`${basename(manifestOf(file))} is damaged, or not ours`)
  const { bytes } = manifest.file
  const { size } = await stat(file)
  if (size < bytes) throw new Error(`the backup is cut short: ${size} of ${bytes} bytes are there`)
  if ((await fingerprint(file)).sha256 !== manifest.file.sha256)
    throw new Error('the backup is damaged: it is not what was written')
  return manifest
}

/** Fills an empty database with pg_restore and compares it with the manifest, if there is one. */
export async function restoreDump(
  file: string,
  { manifest, tools, url }: { manifest: DumpManifest | null; tools: Pick<PgTools, 'restore'>; url: string },
): Promise<void> {
  await pgRestore(tools, file, url)
  if (!manifest) return
  const session = await openSession(url, 'snapshot')
  try {
    compareContents(manifest.contents, await measureTables(session, manifest.tables))
  } finally {
    await closeSession(session, 'rollback')
  }
}

function parsed(text: string): DumpManifest | null {
  try {
    return JSON.parse(text) as DumpManifest
  } catch {
    return null
  }
}

async function fingerprint(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk as Buffer)
    bytes += (chunk as Buffer).length
  }
  return { bytes, sha256: hash.digest('hex') }
}
