import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// What Node made of our TypeScript is kept beside the libraries: the next start is quicker and does without the type
// stripper, which takes 40 MB. It must be on before anything else is loaded, hence a file of its own. Where the folder
// cannot be written, nothing is kept and nothing is lost.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'compiled'))
await import('./start.ts')
