import { hash, randomUUID } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Node's own cache of what it compiled spares the type stripper, too, but all that was read of it stays in memory, 12 MB. These copies
 * are named by what is in the original, so that none is ever out of date.
 */
const copyOf = (source: Buffer) => `${hash('sha256', Buffer.concat([Buffer.from(process.version), source]))}.mjs`

/**
 * Makes a copy without types of each TypeScript file of ours, where there is none yet, in `folder`. Returns the file to `--import`: this
 * one's copy, which has Node read the copies in place of the originals. Threads begin with it as well, so it must stay while the process
 * runs. Throws where the folder cannot be written.
 */
export function makeCopies(folder: string): string {
  mkdirSync(folder, { recursive: true })
  for (const name of globSync('**/*.ts', { cwd: import.meta.dirname })) {
    const source = readFileSync(join(import.meta.dirname, name))
    const copy = join(folder, copyOf(source))
    // After a loss of power a file may be there and empty.
    if (statSync(copy, { throwIfNoEntry: false })?.size) continue
    const unfinished = `${copy}.${randomUUID()}`
    writeFileSync(unfinished, stripTypeScriptTypes(source.toString()))
    renameSync(unfinished, copy)
  }
  return pathToFileURL(join(folder, copyOf(readFileSync(import.meta.filename)))).href
}

// This is a copy itself: the process begins with it. Whatever has no copy is stripped by Node.
if (import.meta.filename.endsWith('.mjs'))
  registerHooks({
    load(url, context, next) {
      if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
      try {
        const source = readFileSync(join(import.meta.dirname, copyOf(readFileSync(new URL(url)))))
        if (source.length > 0) return { format: 'module', source, shortCircuit: true }
      } catch {}
      return next(url, context)
    },
  })
