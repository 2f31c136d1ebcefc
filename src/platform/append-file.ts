import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Log } from './log.ts'

export type AppendFile = {
  /** Adds a line. Never throws, never waits. */
  append(line: string): void
  /** The file was moved away: the next line goes to a new one. */
  reopen(): void
  /** Whether the last line could not be written. */
  isBroken(): boolean
  /** Writes what is left, for at most `ms`, and lets go of the file. */
  close(ms?: number): Promise<void>
}

/** Lines kept in memory while the disk is full or slow; what comes on top of them is dropped and counted. */
const mostWaiting = 10_000
const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants

/**
 * A file that lines are appended to, readable by our account alone. Rotation is noticed by the file's identity before
 * every write. When it cannot be written (disk full, no right) the process goes on: one warning, one notice when it
 * works again, and how many lines are missing.
 */
export function appendFile(path: string, log: Log): AppendFile {
  const waiting: string[] = []
  let handle: FileHandle | null = null
  let flushing: Promise<void> | null = null
  let stale = false
  let broken = false
  let torn = false
  let lost = 0

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting.splice(0, 500)
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
      if (waiting.length >= mostWaiting) lost++
      else waiting.push(line)
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

/** The open file, or a new one when there is none yet, when asked to, or when the name leads to another file by now. */
async function current(path: string, handle: FileHandle | null, stale: boolean): Promise<FileHandle> {
  if (handle && !stale) {
    const [named, opened] = await Promise.all([stat(path).catch(() => null), handle.stat()])
    if (named?.ino === opened.ino && named.dev === opened.dev) return handle
  }
  await handle?.close().catch(() => {})
  // Not blocking: a pipe that nobody reads must not hold a thread for ever.
  return open(resolve(path), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600)
}

/** Tells when a part was written that may not be the whole, so that the next line begins on a line of its own. */
async function writeWhole(handle: FileHandle, text: string, begun: () => void): Promise<void> {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length; begun()) written += (await handle.write(bytes, written)).bytesWritten
}
