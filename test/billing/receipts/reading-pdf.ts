import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'

/** pdf.js, the reader of Firefox: it knows nothing of how we write PDF. */
const reader = dirname(fileURLToPath(import.meta.resolve('pdfjs-dist/legacy/build/pdf.mjs')))

/** An element of the structure, or (without a role) a piece of a page's content. */
export type Tagged = { role?: string; alt?: string; scope?: string; children?: Tagged[] }
export type ReadPdf = {
  pages: number
  /** As a person copies it, page by page. */
  text: string
  tree: Tagged[]
  isMarked: boolean
  title: string
  language: string | null
}

/** What another program reads in a PDF. Throws where it is not one. */
export async function readPdf(pdf: Uint8Array): Promise<ReadPdf> {
  const { getDocument, VerbosityLevel } = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const task = getDocument({ data: new Uint8Array(pdf), verbosity: VerbosityLevel.ERRORS, useSystemFonts: false })
  const document = await task.promise
  const texts: string[] = []
  const tree: Tagged[] = []
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number)
    const { items } = await page.getTextContent()
    texts.push(items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join(''))
    tree.push((await page.getStructTree()) as Tagged)
  }
  const { info } = (await document.getMetadata()) as unknown as { info: { Title: string; Language: string | null } }
  const marks = (await document.getMarkInfo()) as unknown as Map<string, boolean> | null
  await task.destroy()
  return {
    pages: texts.length,
    text: texts.join('\n'),
    tree,
    isMarked: marks?.get('Marked') ?? false,
    title: info.Title,
    language: info.Language,
  }
}

/** A page of a browser that can draw PDFs with pdf.js. */
export async function drawingPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage({ deviceScaleFactor: 1 })
  await page.route('http://pdf.test/**', (route) => {
    const name = new URL(route.request().url()).pathname.slice(1)
    return name.endsWith('.mjs')
      ? route.fulfill({ contentType: 'text/javascript', body: readFileSync(join(reader, name)) })
      : route.fulfill({ contentType: 'text/html', body: '<!doctype html><meta charset="utf-8"><canvas></canvas>' })
  })
  await page.goto('http://pdf.test/')
  return page
}

/** A page of a PDF as PNG, drawn by pdf.js; `scale` 1 is 72 dots an inch. */
export async function pictureOfPdf(page: Page, pdf: Uint8Array, { number = 1, scale = 2 } = {}): Promise<Buffer> {
  const address = await page.evaluate(
    `(async ({ base64, number, scale }) => {
      const { getDocument, GlobalWorkerOptions } = await import('http://pdf.test/pdf.mjs')
      GlobalWorkerOptions.workerSrc = 'http://pdf.test/pdf.worker.mjs'
      const data = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))
      const document_ = await getDocument({ data, useSystemFonts: false }).promise
      const sheet = await document_.getPage(number)
      const viewport = sheet.getViewport({ scale })
      const canvas = document.querySelector('canvas')
      canvas.width = viewport.width
      canvas.height = viewport.height
      await sheet.render({ canvas, viewport }).promise
      return canvas.toDataURL('image/png')
    })(${JSON.stringify({ base64: Buffer.from(pdf).toString('base64'), number, scale })})`,
  )
  return Buffer.from(String(address).split(',')[1]!, 'base64')
}
