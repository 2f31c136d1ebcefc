import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isSameProcess, startOf } from './processes.ts'

/**
 * Records that this process uses the server. `release` returns true when no living process uses it any more, so the last
 * one stops it, even when the process that started it was killed. Call both under the lock.
 */
export async function hold(home: string): Promise<{ release(): Promise<boolean> }> {
  const folder = join(home, 'holders')
  const name = `${process.pid}-${randomBytes(4).toString('hex')}`
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, name), startOf(process.pid) ?? '')
  return {
    release: async () => {
      await rm(join(folder, name), { force: true })
      return (await living(folder)) === 0
    },
  }
}

async function living(folder: string): Promise<number> {
  let count = 0
  for (const name of await readdir(folder)) {
    const file = join(folder, name)
    const started = await readFile(file, 'utf8').catch(() => '')
    if (isSameProcess(Number.parseInt(name, 10), started)) count += 1
    else await rm(file, { force: true })
  }
  return count
}
