import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Caches the compiled TypeScript beside the libraries: the next start is faster and does not load the type stripper, which takes
// 40 MB. It must be enabled before anything else is loaded, hence this file. Where the folder cannot be written, it has no effect.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'compiled'))
await import('./start.ts')
