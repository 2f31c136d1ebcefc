import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The record of the newest backup: its file and how it was verified. */
export type LastBackup = {
  at: string
  file: string
  bytes: number
  rows: number
  tool: 'pg_dump' | 'own'
  proof: string
}

const name = 'last-backup.json'

/** Records a finished backup in the backup folder, wherever its file is. */
export async function recordBackup(dir: string, backup: LastBackup): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const file = join(dir, name)
  await writeFile(`${file}.new`, `${JSON.stringify(backup, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** The newest recorded backup; null when there is none or the record is unreadable. */
export async function readLastBackup(dir: string): Promise<LastBackup | null> {
  try {
    const recorded = JSON.parse(await readFile(join(dir, name), 'utf8')) as LastBackup
    return Number.isNaN(Date.parse(recorded.at)) ? null : recorded
  } catch {
    return null
  }
}
