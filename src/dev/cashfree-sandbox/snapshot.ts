import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Snapshot } from './ledger.ts'

export type SnapshotWriter = { soon(): void; flush(): Promise<void> }

const QUIET_MS = 400

/** Reads the snapshot; undefined when there is none, or when it is unreadable (then the file is renamed). */
export async function readSnapshot(file: string, log: (line: string) => void): Promise<Snapshot | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const snapshot = JSON.parse(text) as Snapshot
    if (snapshot.version === 1 && Array.isArray(snapshot.orders)) return snapshot
  } catch {}
  await rename(file, `${file}.unreadable`)
  log(`sandbox: ${file} could not be read; renamed to ${file}.unreadable`)
  return undefined
}

/** Writes the snapshot shortly after a change, through a rename: the file is always whole, old or new. */
export function writeSnapshots(file: string, take: () => Snapshot, log: (line: string) => void): SnapshotWriter {
  let timer: NodeJS.Timeout | undefined
  let pauseMs = QUIET_MS
  let writing: Promise<void> = Promise.resolve()

  async function write() {
    const began = performance.now()
    await mkdir(dirname(file), { recursive: true })
    const scratch = `${file}.${process.pid}.new`
    await writeFile(scratch, JSON.stringify(take()), { mode: 0o600 })
    await chmod(scratch, 0o600)
    await rename(scratch, file)
    // A large ledger takes longer to write, and is written less often.
    pauseMs = Math.max(QUIET_MS, (performance.now() - began) * 10)
  }

  function queue() {
    timer = undefined
    writing = writing.then(write).catch((error) => log(`sandbox: snapshot not written: ${error.message}`))
    return writing
  }

  return {
    soon() {
      timer ??= setTimeout(queue, pauseMs).unref()
    },
    flush() {
      if (!timer) return writing
      clearTimeout(timer)
      return queue()
    },
  }
}
