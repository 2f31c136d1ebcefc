import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A group of processes that may take so much memory and no swap; the kernel ends one when they need more. */
export type MemoryLimit = {
  /** The file to which a process writes its id to join. */
  procs: string
  /** The most it took so far, in MB, file pages included; null where the kernel does not say. */
  peakMb(): number | null
  /** How often the kernel ended a process of it. */
  kills(): number
  close(): void
}

const [unified, older] = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory']

/** Makes a control group of Linux, of version 2 or 1. Throws with a sentence where that is impossible; it takes root. */
export function memoryLimit(mb: number): MemoryLimit {
  const isUnified = existsSync(join(unified, 'cgroup.controllers'))
  const folder = join(isUnified ? unified : older, `etf-bench-${process.pid}`)
  const set = (file: string, value: string) => writeFileSync(join(folder, file), value)
  const bytes = String(mb * 1024 * 1024)
  try {
    if (isUnified) writeFileSync(join(unified, 'cgroup.subtree_control'), '+memory')
    mkdirSync(folder)
    set(isUnified ? 'memory.max' : 'memory.limit_in_bytes', bytes)
    set(isUnified ? 'memory.swap.max' : 'memory.memsw.limit_in_bytes', isUnified ? '0' : bytes)
  } catch (error) {
    throw new Error(
      `no control group with a limit can be made here (${(error as Error).message}): it takes Linux and root`,
    )
  }
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  return {
    procs: join(folder, 'cgroup.procs'),
    peakMb() {
      const file = isUnified ? 'memory.peak' : 'memory.max_usage_in_bytes'
      return existsSync(join(folder, file)) ? Number(read(file)) / 1024 / 1024 : null
    },
    kills: () => Number(/oom_kill (\d+)/.exec(read(isUnified ? 'memory.events' : 'memory.oom_control'))?.[1] ?? 0),
    close: () => rmdirSync(folder),
  }
}
