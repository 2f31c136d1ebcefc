import { enableCompileCache } from 'node:module'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import type { Paper } from './paper.ts'
import type { PaperPdf } from './pdf.ts'

// As in main.ts: what Node made of our TypeScript is kept, and must be before anything else is loaded.
enableCompileCache(join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'compiled'))
const { paperPdf } = await import('./pdf.ts')

// Pages, payments and the database go first. Linux counts a thread by itself here; elsewhere the whole process would be meant.
if (process.platform === 'linux') setPriority(10)

/** What a thread does: one paper in, its PDF out. */
export default function print(paper: Paper): Promise<PaperPdf> {
  return paperPdf(paper)
}
