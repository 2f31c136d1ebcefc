import { open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'

const MAX_BYTES = 5_000_000

/** Opens the server's log for one start; `newLines` returns the last lines written since. */
export async function openLog(
  home: string,
): Promise<{ file: string; fd: number; close(): Promise<void>; newLines(): Promise<string> }> {
  const file = join(home, 'server.log')
  const length = await lengthOf(file)
  if (length > MAX_BYTES) await rename(file, `${file}.old`)
  const start = length > MAX_BYTES ? 0 : length
  const handle = await open(file, 'a', 0o600)
  return {
    file,
    fd: handle.fd,
    close: () => handle.close(),
    newLines: async () =>
      (await readFile(file)).subarray(start).toString('utf8').trim().split('\n').slice(-8).join('\n'),
  }
}

async function lengthOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
