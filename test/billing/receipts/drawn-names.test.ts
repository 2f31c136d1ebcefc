import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Doc } from '../../../src/billing/receipts/typesetting/embedding.ts'
import { linesOf } from '../../../src/billing/receipts/typesetting/lines.ts'
import { closePages, content, openPages, within } from '../../../src/billing/receipts/typesetting/pages.ts'
import { type SetLine, setText } from '../../../src/billing/receipts/typesetting/set-text.ts'
import { namesByScript } from './papers.ts'
import { drawingPage, pictureOfPdf } from './reading-pdf.ts'

const look = { width: 560, size: 40, colour: '#000000' }

/**
 * How much of the ink of either picture, in percent, may have none of the other within two pixels at 40 pixels an em:
 * edges are smoothed differently. The same words measure 0; names set letter by letter or reordered, 20 to 60.
 */
const tolerance = 1

let browser: Browser
let drawing: Page
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: inject('chromium'),
    args: ['--no-sandbox', '--font-render-hinting=none'],
  })
  drawing = await drawingPage(browser)
})
afterAll(() => browser?.close())

describe('a name in a PDF looks as in Chromium with the same font', () => {
  test.each(namesByScript)('%s', async (language, name) => {
    const [ours, theirs] = [await inPdf((doc) => setText(doc, name, look)), await inChromium(name)]
    keep(language, { ours, theirs })
    expect(await strayInk(ours, theirs)).toBeLessThan(tolerance)
  })
})

describe('and a name that is set wrongly does not', () => {
  const complex = namesByScript.filter(([language]) => language !== 'Santali' && language !== 'Manipuri')

  test.each(complex)('letter by letter, as without a shaper: %s', async (_language, name) => {
    const letters = await inPdf((doc) => inARow([...name].flatMap((letter) => setText(doc, letter, look))))
    expect(await strayInk(letters, await inChromium(name))).toBeGreaterThan(tolerance)
  })

  test.each(['قرۃ العین', 'कि', 'ക്ഷേ'])('from the other side: %s', async (name) => {
    const turned = [...new Intl.Segmenter('en').segment(name)].map(({ segment }) => segment).reverse()
    const wrong = turned.length > 1 ? turned.join('') : [...name].reverse().join('')
    expect(await strayInk(await inPdf((doc) => setText(doc, wrong, look)), await inChromium(name))).toBeGreaterThan(
      tolerance,
    )
  })
})

/** Letters that do not know of each other, side by side. */
function inARow(letters: SetLine[]): SetLine[] {
  const draw = (x: number, top: number) => {
    let at = x
    for (const letter of letters) {
      letter.draw(at, top)
      at += letter.width
    }
  }
  return [{ width: letters.reduce((sum, { width }) => sum + width, 0), height: letters[0]!.height, draw }]
}

async function inPdf(set: (doc: Doc) => SetLine[]): Promise<Buffer> {
  const pages = openPages({ title: 'A name', made: new Date(0) })
  content(pages, within(pages, pages.root, 'P'), 'P', () => set(pages.doc)[0]!.draw(20, 20))
  return pictureOfPdf(drawing, await closePages(pages, () => {}), { scale: 1 })
}

async function inChromium(name: string): Promise<Buffer> {
  const fonts = [...new Set(linesOf(name, { ...look, weight: 'regular' })[0]!.runs.map(({ font }) => font))]
  const faces = fonts.map(
    ({ bytes }, i) => `@font-face { font-family: f${i}; src: url(data:font/ttf;base64,${bytes.toString('base64')}) }`,
  )
  const page = await browser.newPage({ viewport: { width: 595, height: 200 }, deviceScaleFactor: 1 })
  const families = fonts.map((_, i) => `f${i}`).join(', ')
  const style = `${faces.join(' ')} p { margin: 30px 20px; font: 40px/2 ${families}; white-space: nowrap; text-rendering: geometricPrecision }`
  await page.setContent(
    `<!doctype html><meta charset="utf-8"><style>${style}</style><p dir="auto" style="width:max-content">${name}</p>`,
  )
  await page.evaluate('document.fonts.ready')
  const picture = await page.screenshot()
  await page.close()
  return picture
}

/** The share of ink in percent that has none of the other picture near it, once both start in the same corner. */
async function strayInk(a: Buffer, b: Buffer): Promise<number> {
  const pictures = JSON.stringify([a, b].map((png) => `data:image/png;base64,${png.toString('base64')}`))
  return drawing.evaluate(`(async () => {
    const near = 2
    const inkOf = async (address) => {
      const bitmap = await createImageBitmap(await (await fetch(address)).blob())
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
      const context = canvas.getContext('2d')
      context.drawImage(bitmap, 0, 0)
      const { data, width } = context.getImageData(0, 0, bitmap.width, bitmap.height)
      const points = []
      for (let i = 0; i < data.length; i += 4)
        if (data[i] < 128) points.push([(i / 4) % width, Math.floor(i / 4 / width)])
      const left = Math.min(...points.map(([x]) => x))
      const top = Math.min(...points.map(([, y]) => y))
      return points.map(([x, y]) => [x - left, y - top])
    }
    const [ours, theirs] = await Promise.all(${pictures}.map(inkOf))
    const stray = (ink, other) => {
      const known = new Set(other.map(([x, y]) => x * 1000 + y))
      return ink.filter(([x, y]) => {
        for (let dx = -near; dx <= near; dx++)
          for (let dy = -near; dy <= near; dy++) if (known.has((x + dx) * 1000 + y + dy)) return false
        return true
      }).length
    }
    return (100 * (stray(ours, theirs) + stray(theirs, ours))) / (ours.length + theirs.length)
  })()`)
}

/** Pictures to look at, in the folder SCREENSHOTS. */
function keep(language: string, pictures: Record<string, Buffer>): void {
  const folder = process.env.SCREENSHOTS
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  for (const [of, picture] of Object.entries(pictures))
    writeFileSync(join(folder, `name-${language.replaceAll(' ', '-').toLowerCase()}-${of}.png`), picture)
}
