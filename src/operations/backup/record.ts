import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What is known of the newest backup: where it went and how it was proved. */
export type LastBackup = {
  at: string
  file: string
  bytes: number
  rows: number
  tool: 'pg_dump' | 'own'
  proof: string
}

const name = 'last-backup.json'

/** Notes a finished backup in the backup folder, wherever the file itself went. */
export async function recordBackup(dir: string, backup: LastBackup): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const file = join(dir, name)
  await writeFile(`${file}.new`, `${JSON.stringify(backup, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** The newest backup that this folder knows of; null when there is none or the note is unreadable. */
export async function readLastBackup(dir: string): Promise<LastBackup | null> {
  try {
    const noted = JSON.parse(await readFile(join(dir, name), 'utf8')) as LastBackup
    return Number.isNaN(Date.parse(noted.at)) ? null : noted
  } catch {
    return null
  }
}
