import { readFileSync } from 'node:fs'
import { createRequire, enableCompileCache } from 'node:module'
import { dirname, join } from 'node:path'

// As in main.ts: what Node made of our TypeScript is kept, and must be before anything else is loaded.
enableCompileCache(join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'compiled'))
const { initWasm, Resvg } = await import('@resvg/resvg-wasm')

const require = createRequire(import.meta.url)
const ttf = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf')
const fontBuffers = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => readFileSync(join(ttf, name)))
// WebAssembly, because the package of machine code is one for each platform and therefore optional: an installation without optional
// packages would start and draw nothing.
await initWasm(readFileSync(require.resolve('@resvg/resvg-wasm/index_bg.wasm')))

/** An SVG, how wide it becomes, and the colour of its ground. */
export type Drawing = { svg: string; widthPx: number; paper: string }

/** What a thread does: one drawing in, its PNG out. */
export default function drawn({ svg, widthPx, paper }: Drawing): Uint8Array {
  const picture = new Resvg(svg, {
    fitTo: { mode: 'width', value: widthPx },
    background: paper,
    font: { fontBuffers, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  })
  const image = picture.render()
  const png = image.asPng()
  // Their room in WebAssembly's memory, which the collector does not see.
  image.free()
  picture.free()
  return png
}
