import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Storage of raw mails, by id. */
export interface RawMails {
  put(id: string, raw: Buffer): Promise<void>
  get(id: string): Promise<Buffer | null>
  remove(id: string): Promise<void>
  ids(): Promise<string[]>
}

/** Storage on disk, one .eml file a mail, or in memory without a folder. */
export async function openRawMails(dir: string | null): Promise<RawMails> {
  if (!dir) return inMemory()
  await mkdir(dir, { recursive: true, mode: 0o700 })
  return onDisk(dir)
}

function onDisk(dir: string): RawMails {
  const fileOf = (id: string) => join(dir, `${id}.eml`)
  return {
    put: async (id, raw) => {
      // Renamed when complete, so that half a mail never looks like a mail.
      const part = join(dir, `${id}.part`)
      await writeFile(part, raw, { mode: 0o600 })
      await rename(part, fileOf(id))
    },
    get: (id) => readFile(fileOf(id)).catch(() => null),
    remove: (id) => rm(fileOf(id), { force: true }),
    ids: async () => (await readdir(dir)).filter((name) => name.endsWith('.eml')).map((name) => name.slice(0, -4)),
  }
}

function inMemory(): RawMails {
  const mails = new Map<string, Buffer>()
  return {
    put: async (id, raw) => void mails.set(id, raw),
    get: async (id) => mails.get(id) ?? null,
    remove: async (id) => void mails.delete(id),
    ids: async () => [...mails.keys()],
  }
}
