import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Log } from './log.ts'

export type AppendFile = {
  /** Adds a line. Never throws, never waits. */
  append(line: string): void
  /** For after the file was moved away: the next line goes to a new one. */
  reopen(): void
  /** Whether the last line could not be written. */
  isBroken(): boolean
  /** Writes what is queued, for at most `ms`, and closes the file. */
  close(ms?: number): Promise<void>
}

/** Lines kept in memory while the disk is slow; more than these are dropped and counted. */
const mostQueued = 10_000
const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants

/**
 * A file that lines are appended to, readable by the process's own account alone. Rotation is noticed before every write, by
 * the file's inode. While it cannot be written (disk full, no permission) the process goes on: it logs one error, and when
 * writing works again one warning with the number of lines that are missing.
 *
 * pino.destination() is not used: it drops lines without counting them, does not notice a moved file by itself, and blocks a
 * thread on opening a pipe that nobody reads.
 */
export function appendFile(path: string, log: Log): AppendFile {
  const queued: string[] = []
  let handle: FileHandle | null = null
  let flushing: Promise<void> | null = null
  let stale = false
  let broken = false
  let torn = false
  let lost = 0

  async function write(): Promise<void> {
    while (queued.length > 0) {
      const lines = queued.splice(0, 500)
      try {
        handle = await current(path, handle, stale)
        stale = false
        await writeWhole(handle, `${torn ? '\n' : ''}${lines.join('\n')}\n`, () => {
          torn = true
        })
        torn = false
        if (broken)
          log.warn({ event: 'payment log works again', missing: lost }, 'the payment log can be written again')
        broken = false
        lost = 0
      } catch (error) {
        lost += lines.length
        await handle?.close().catch(() => {})
        handle = null
        const { code } = error as NodeJS.ErrnoException
        if (!broken) log.error({ event: 'payment log broken', code }, 'the payment log cannot be written')
        broken = true
      }
    }
  }

  function flush(): Promise<void> {
    flushing ??= write().finally(() => {
      flushing = null
    })
    return flushing
  }

  return {
    append(line) {
      if (queued.length >= mostQueued) lost++
      else queued.push(line)
      void flush()
    },
    reopen() {
      stale = true
    },
    isBroken: () => broken,
    async close(ms = 1_000) {
      await Promise.race([flush(), new Promise((done) => setTimeout(done, ms).unref())])
      await handle?.close().catch(() => {})
      handle = null
    },
  }
}

/** The open file; opened anew when there is none yet, when it is `stale`, or when the path now names another file. */
async function current(path: string, handle: FileHandle | null, stale: boolean): Promise<FileHandle> {
  if (handle && !stale) {
    const [named, opened] = await Promise.all([stat(path).catch(() => null), handle.stat()])
    if (named?.ino === opened.ino && named.dev === opened.dev) return handle
  }
  await handle?.close().catch(() => {})
  // Non-blocking: opening a pipe that nobody reads must not occupy a thread for ever.
  return open(resolve(path), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600)
}

/** Calls `begun` whenever a part was written that may not be the whole, so that the next line can start on a line of its own. */
async function writeWhole(handle: FileHandle, text: string, begun: () => void): Promise<void> {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length; begun()) written += (await handle.write(bytes, written)).bytesWritten
}
