import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from './place.ts'
import { isSameProcess, startOf } from './processes.ts'

const TIMEOUT_MS = 120_000

/** Runs the work while no other process, and no other caller in this one, holds the same lock file. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now()
  while (!(await take(file))) {
    if (await isAbandoned(file)) await clear(file)
    else if (Date.now() - started > TIMEOUT_MS) {
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
  // The file is empty for a moment between its creation and the writing of its line.
  if (!text) return (await ageOf(file)) > 5_000
  const [pid, ...start] = text.split(' ')
  return !isSameProcess(Number(pid), start.join(' '))
}

// Several waiting processes may see the same abandoned lock. One of them removes it, after a second check: meanwhile the
// lock may belong to a living process.
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
