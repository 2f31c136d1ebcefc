import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Snapshot } from './ledger.ts'

export type SnapshotWriter = { soon(): void; flush(): Promise<void> }

const QUIET_MS = 400

/** Reads the snapshot; undefined when there is none or it cannot be read (then the file is put aside). */
export async function readSnapshot(file: string, log: (line: string) => void): Promise<Snapshot | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const snapshot = JSON.parse(text) as Snapshot
    if (snapshot.version === 1 && Array.isArray(snapshot.orders)) return snapshot
  } catch {}
  await rename(file, `${file}.unreadable`)
  log(`sandbox: ${file} could not be read; put aside as ${file}.unreadable`)
  return undefined
}

/** Writes the snapshot once things are quiet, through a rename: the file is always whole, old or new. */
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
    // Large books take longer to write; they are then written less often.
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
