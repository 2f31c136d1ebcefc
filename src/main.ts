import { accessSync, constants } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { makeCopies } from './stripped.ts'

/** Beside the libraries, unless the operator names another place. What Node makes of our TypeScript is kept there. */
const compiled = process.env.NODE_COMPILE_CACHE || join(import.meta.dirname, '..', 'node_modules', '.cache', 'compiled')

/**
 * V8's two generations: on a machine with much memory they grow to 128 MB and to gigabytes. And no machine code of the quick kind,
 * which is kept for every function that runs a few hundred times: 5 to 9 MB, for a twentieth of the time at most.
 */
const flags = ['--max-semi-space-size=2', '--max-old-space-size=256', '--no-sparkplug']
/** What is read once, before a line of ours runs: how much the C library keeps of what it was given back (docs/speed.md). */
const variables = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' }

startAgainWithLess()
// Elsewhere than on Linux. Before anything else is loaded, hence this file; where nothing can be written, it has no effect.
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
  try {
    // A failing execve would abort the process: Node may just be replaced by another version, or lie where nothing may be executed.
    accessSync(process.execPath, constants.X_OK)
    const { beginning, instead } = copies()
    const words = [process.execPath, ...process.execArgv, ...missing, ...beginning, ...process.argv.slice(1)]
    process.execve(process.execPath, words, { ...variables, ...process.env, ...instead })
  } catch {
    // Under --permission, too, the program runs as it is.
  }
}

/**
 * Our files without types, which spare the type stripper (18 MB) and Node's cache of what it compiled (12); where they cannot be made,
 * that cache.
 */
function copies(): { beginning: string[]; instead: NodeJS.ProcessEnv } {
  try {
    return { beginning: ['--import', makeCopies(compiled)], instead: { NODE_DISABLE_COMPILE_CACHE: '1' } }
  } catch {
    return { beginning: [], instead: { NODE_COMPILE_CACHE: compiled } }
  }
}
