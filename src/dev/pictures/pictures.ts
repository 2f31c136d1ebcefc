import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { root } from '../../platform/environment.ts'
import { unpackChromium } from '../browser/chromium.ts'
import { writeFontconfig } from '../browser/typefaces.ts'
import { type DemoSite, startDemoSite } from './demo-site.ts'

/** What is pictured: a page, and the part of it that stands at the top of the picture: of several the highest that is shown. */
const subjects = [
  { name: 'rankings', path: '/dashboard?view=table', top: '.part-table :is(h2, .cards)' },
  { name: 'map', path: '/dashboard?view=map', top: '#map' },
  { name: 'sector', path: '/dashboard/sectors/ITBEES', top: '#lines' },
] as const

/** Windows in CSS pixels, each with how many pixels of the picture stand for one. */
const sizes = {
  laptop: { viewport: { width: 1040, height: 650 }, deviceScaleFactor: 1.25 },
  phone: { viewport: { width: 390, height: 585 }, deviceScaleFactor: 2 },
} as const
const schemes = ['light', 'dark'] as const
/** Pixels of the page that stay above the part at the top. */
const margin = 12
const quality = 0.72

/**
 * Takes the pictures of the front page and of link previews from the product itself, with its sample prices, and writes them to
 * public/. Answers their names with their sizes in bytes.
 */
export async function takePictures(): Promise<{ name: string; bytes: number }[]> {
  const fonts = mkdtempSync(join(tmpdir(), 'etf-fonts-'))
  const [site, executablePath] = await Promise.all([startDemoSite(), unpackChromium()])
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    env: { ...process.env, FONTCONFIG_FILE: writeFontconfig(fonts).narrow },
  })
  try {
    const taken: { name: string; bytes: number }[] = []
    const keep = (name: string, picture: Buffer) => {
      writeFileSync(join(root, 'public', name), picture)
      taken.push({ name, bytes: picture.length })
    }
    for (const size of ['laptop', 'phone'] as const)
      for (const scheme of schemes)
        for (const [name, picture] of await picturesAt(browser, site, size, scheme))
          keep(`picture-${name}-${size}-${scheme}.webp`, picture)
    keep('link-preview.png', await linkPreview(browser, site))
    return taken
  } finally {
    await browser.close()
    await site.close()
    rmSync(fonts, { recursive: true, force: true })
  }
}

async function picturesAt(browser: Browser, site: DemoSite, size: keyof typeof sizes, colorScheme: 'light' | 'dark') {
  const context = await browser.newContext({ ...sizes[size], baseURL: site.url, colorScheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto('/login')
  await page.fill('main [name=login]', site.subscriber.login)
  await page.fill('main [name=password]', site.subscriber.password)
  await page.click('main form button[type=submit]')
  await page.waitForURL('**/dashboard')
  const pictures: [string, Buffer][] = []
  for (const { name, path, top } of subjects) {
    await page.goto(path)
    await page.evaluate(`scrollTo(0, Math.min(...[...document.querySelectorAll('${top}')]
      .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().top)) - ${margin})`)
    pictures.push([name, await asWebp(page, await page.screenshot())])
  }
  await context.close()
  return pictures
}

/** Encodes a picture with the browser's own encoder, in a page without our policy. */
async function asWebp(page: Page, png: Buffer): Promise<Buffer> {
  const desk = await page.context().newPage()
  const url = await desk.evaluate<string>(`(async () => {
    const bytes = Uint8Array.from(atob('${png.toString('base64')}'), (letter) => letter.charCodeAt(0))
    const picture = await createImageBitmap(new Blob([bytes]))
    const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height })
    canvas.getContext('2d').drawImage(picture, 0, 0)
    return canvas.toDataURL('image/webp', ${quality})
  })()`)
  await desk.close()
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
}

/** What a link to the site shows in chats and feeds: its promise beside the map of the front page. */
async function linkPreview(browser: Browser, site: DemoSite): Promise<Buffer> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 630 }, colorScheme: 'light' })
  const page = await context.newPage()
  await page.goto(site.url)
  const headline = (await page.locator('h1').first().textContent()) ?? ''
  const map = await page.locator('.hero svg.map').screenshot()
  const desk = await context.newPage()
  await desk.setContent(`<!doctype html><style>
    body { margin: 0; width: 1200px; height: 630px; display: grid; grid-template-columns: 1fr 560px; gap: 48px; align-items: center;
      padding: 0 48px 0 64px; box-sizing: border-box; background: #fdfcf9; color: #26211b; font-family: sans-serif; }
    b { font-size: 26px; color: #0f6b70; } h1 { font-size: 54px; line-height: 1.15; margin: 20px 0; } p { font-size: 24px; color: #5f574c; margin: 0; }
    img { width: 100%; border: 1px solid #e3ddd3; border-radius: 14px; background: #fff; }
    </style><div><b>D’s Sector ETF RS Analyzer</b><h1>${headline}</h1><p>Sector ETFs measured every week. The map is of sample data.</p></div>
    <img src="data:image/png;base64,${map.toString('base64')}">`)
  const picture = await desk.screenshot()
  await context.close()
  return picture
}
