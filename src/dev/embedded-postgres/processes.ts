import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Whether the process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return statOf(pid)?.state !== 'Z'
}

/** When the process started, as text to compare with; null where the system does not say. */
export function startOf(pid: number): string | null {
  if (process.platform === 'linux') return statOf(pid)?.start ?? null
  return ps('-o', 'lstart=', '-p', String(pid))
}

/** True when the process still is the one noted down, and not a newcomer with the same number. */
export function isSameProcess(pid: number, start: string): boolean {
  return isAlive(pid) && (!start || startOf(pid) === start)
}

/** The command line of a process; null where the system does not say. */
export function commandOf(pid: number): string | null {
  if (process.platform === 'linux') return read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? null
  return ps('-ww', '-o', 'command=', '-p', String(pid))
}

/** The processes whose command line contains this text. */
export function processesRunning(text: string): number[] {
  if (process.platform === 'linux') return numbered('/proc').filter((pid) => commandOf(pid)?.includes(text))
  return (ps('-A', '-ww', '-o', 'pid=,command=') ?? '')
    .split('\n')
    .filter((line) => line.includes(text))
    .map((line) => Number.parseInt(line, 10))
}

/** Sends a signal; does nothing when the process has ended. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The children of a process. */
export function childrenOf(parent: number): number[] {
  if (process.platform === 'linux') return numbered('/proc').filter((pid) => statOf(pid)?.parent === parent)
  return (ps('-A', '-o', 'pid=,ppid=') ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, ppid]) => ppid === parent)
    .map(([pid]) => pid!)
}

function numbered(folder: string): number[] {
  return readdirSync(folder)
    .map(Number)
    .filter((name) => name > 0)
}

function statOf(pid: number): { state: string; parent: number; start: string } | null {
  const text = process.platform === 'linux' ? read(`/proc/${pid}/stat`) : null
  if (!text) return null
  // The second field is the program's name in brackets, which may contain spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0]!, parent: Number(fields[1]), start: fields[19]! }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function ps(...args: string[]): string | null {
  if (process.platform === 'win32') return null
  try {
    return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null
  } catch {
    return null
  }
}
