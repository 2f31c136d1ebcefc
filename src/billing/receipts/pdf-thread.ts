import { enableCompileCache, registerHooks } from 'node:module'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { Paper } from './paper.ts'
import type { PaperPdf } from './pdf.ts'

// As in main.ts: what Node made of our TypeScript is kept, and must be before anything else is loaded.
enableCompileCache(join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'compiled'))
// HarfBuzz is quick enough as it is first compiled; to compile it better takes 20 to 40 MB.
for (const flag of ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)
// pdfkit loads it to read fonts, 11 MB; ours are embedded by typesetting/embedding.ts.
const withoutFontkit = 'data:text/javascript,export const create = undefined'
registerHooks({
  resolve: (name, context, next) =>
    name === 'fontkit' ? { url: withoutFontkit, shortCircuit: true } : next(name, context),
})
const { paperPdf } = await import('./pdf.ts')

// Pages, payments and the database go first. Linux counts a thread by itself here; elsewhere the whole process would be meant.
if (process.platform === 'linux') setPriority(10)

/** What a thread does: one paper in, its PDF out. */
export default function print(paper: Paper): Promise<PaperPdf> {
  return paperPdf(paper)
}
