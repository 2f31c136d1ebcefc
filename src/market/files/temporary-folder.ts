import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const prefix = 'etf-upload-'
const forgottenAfterMs = 3600_000

/** An empty folder for files that arrive, which only we can read, and how to take it away with all that lies in it. */
export async function temporaryFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  await removeForgotten()
  const folder = await mkdtemp(join(tmpdir(), prefix))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Folders left behind by a process that was killed before it took them away. */
async function removeForgotten(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const path = join(tmpdir(), name)
    const seen = await stat(path).catch(() => null)
    if (seen && Date.now() - seen.mtimeMs > forgottenAfterMs)
      await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}
