import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// What Node made of our TypeScript is kept beside the data: the next start is quicker and does without the type
// stripper, which takes 40 MB. It must be on before anything else is loaded, hence a file of its own.
enableCompileCache(join(import.meta.dirname, '..', '.data', 'compile-cache'))
await import('./start.ts')
