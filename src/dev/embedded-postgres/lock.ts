import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from './place.ts'
import { isSameProcess, startOf } from './processes.ts'

const PATIENCE_MS = 120_000

/** Runs the work while no other process, and no other caller in this one, holds the same lock file. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now()
  while (!(await take(file))) {
    if (await isAbandoned(file)) await clear(file)
    else if (Date.now() - started > PATIENCE_MS) {
      throw new Error(`Another start of the embedded database has not finished for two minutes; its lock is ${file}.`)
    } else await sleep(50)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, `${process.pid} ${startOf(process.pid) ?? ''}`, { flag: 'wx' })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return false
  // Between creating the file and writing its line, it is empty for a moment.
  if (!text) return (await ageOf(file)) > 5_000
  const [pid, ...start] = text.split(' ')
  return !isSameProcess(Number(pid), start.join(' '))
}

// Several waiting processes may see the same abandoned lock. Only one may remove it, and only after a second look:
// by then the lock may belong to a process that is alive.
async function clear(file: string): Promise<void> {
  const guard = `${file}.clearing`
  if (!(await take(guard))) {
    if ((await ageOf(guard)) > 10_000) await rm(guard, { force: true })
    else await sleep(50)
    return
  }
  if (await isAbandoned(file)) await rm(file, { force: true })
  await rm(guard, { force: true })
}

async function ageOf(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  )
}
