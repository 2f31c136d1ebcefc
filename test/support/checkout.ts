import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..', '..')

/** A copy of this checkout in a folder of its own, to be made into another release. */
export type Checkout = {
  folder: string
  /** Adds or changes a file under `src`. */
  write: (file: string, text: string) => void
  read: (file: string) => string
  /** Appends the revision of the functions as they are now, as a release does. */
  numberFunctions: () => Promise<void>
  remove: () => void
}

export function copyCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'etf-release-'))
  for (const name of ['src', 'views', 'public', 'package.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const src = join(folder, 'src')
  return {
    folder,
    write: (file, text) => writeFileSync(join(src, file), text),
    read: (file) => readFileSync(join(src, file), 'utf8'),
    async numberFunctions() {
      const release: typeof import('../../src/platform/release.ts') = await import(
        pathToFileURL(join(src, 'platform', 'release.ts')).href
      )
      const { digest } = await release.readRelease()
      appendFileSync(join(src, 'platform', 'function-revisions.txt'), `${digest}\n`)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
