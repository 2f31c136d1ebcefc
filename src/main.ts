import { accessSync, constants } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/** Beside the libraries. What Node made of our TypeScript is kept there: the next start is faster and needs no type stripper. */
const compiled = join(import.meta.dirname, '..', 'node_modules', '.cache', 'compiled')

/**
 * V8's two generations: on a machine with much memory they grow to 128 MB and to gigabytes. And no machine code of the quick kind,
 * which is kept for every function that runs a few hundred times and saves no time that shows.
 */
const flags = ['--max-semi-space-size=2', '--max-old-space-size=256', '--no-sparkplug']
/**
 * What is read once, before a line of ours runs: how much the C library keeps of what it was given back (docs/speed.md), and the folder
 * of what is compiled, so that not even this file brings the stripper (18 MB, and again for a thread) into memory.
 */
const variables = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072', NODE_COMPILE_CACHE: compiled }

startAgainWithLess()
// Elsewhere than on Linux. Before anything else is loaded, hence this file; where the folder cannot be written, it has no effect.
enableCompileCache(compiled)
await import('./start.ts')

/**
 * Begins this process anew with what it lacks of them: the same process id, parent and output, so that whatever started it notices
 * nothing. Who sets one by hand, flags also by NODE_OPTIONS, keeps it. Linux only, and not under `node --watch`, which talks to us over
 * a channel that would be lost: there the program runs as it is.
 */
function startAgainWithLess(): void {
  if (process.platform !== 'linux' || !process.execve || process.send) return
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-')
  const missing = flags.filter((flag) => !given.includes(flag.split('=')[0]!))
  if (missing.length === 0 && Object.keys(variables).every((name) => name in process.env)) return
  const words = [process.execPath, ...process.execArgv, ...missing, ...process.argv.slice(1)]
  try {
    // A failing execve would abort the process: Node may just be replaced by another version, or lie where nothing may be executed.
    accessSync(process.execPath, constants.X_OK)
    process.execve(process.execPath, words, { ...variables, ...process.env })
  } catch {
    // Under --permission, too, the program runs as it is.
  }
}
