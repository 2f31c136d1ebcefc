import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page, type Request } from 'playwright-core'
import { expect, inject } from 'vitest'
import { type Typeface, typefaceNames } from '../../src/dev/browser/typefaces.ts'
import type { TestApp } from './app.ts'
import type { Visitor } from './visitor.ts'

export const sizes = { phone: { width: 390, height: 844 }, laptop: { width: 1280, height: 800 } } as const
export type Size = keyof typeof sizes
export type Scheme = 'light' | 'dark'

export type PersonOptions = {
  /** phone: Cashfree's full page. laptop: its window over ours. */
  size?: Size
  scheme?: Scheme
  /** Else the one that falls to the test file. */
  typeface?: Typeface
  /** false: the browser runs no script at all. */
  script?: boolean
  /** Addresses whose blocking the test brings about itself; their failed requests are no problem of the product. */
  blocks?: RegExp
}

/** A person with a browser of their own (cookies, history), whose every page is watched for problems. */
export type Person = {
  page: Page
  context: BrowserContext
  /** Another tab of the same browser. */
  newTab: () => Promise<Page>
  /** What went wrong in any page so far, frames included, in words: every test ends by expecting none. */
  problems: string[]
  close: () => Promise<void>
}

export type Browsing = {
  person: (options?: PersonOptions) => Promise<Person>
  close: () => Promise<void>
}

/** People with browsers for a test file. */
export function openBrowser(app: Pick<TestApp, 'url'>): Browsing {
  const own = ownTypeface()
  const people: Person[] = []
  return {
    person: async (options = {}) => {
      const person = await newPerson(await chromiumWith(options.typeface ?? own), app, options)
      people.push(person)
      return person
    },
    close: async () => {
      for (const person of people) await person.close()
    },
  }
}

/** One Chromium for a process of tests and typeface, started when the first person needs it; it ends with the process. */
const started = new Map<Typeface, Promise<Browser>>()

function chromiumWith(typeface: Typeface): Promise<Browser> {
  const browser = started.get(typeface) ?? launch(typeface)
  started.set(typeface, browser)
  return browser
}

/** Only the suite's own fonts exist for it, whatever the machine has. */
async function launch(typeface: Typeface): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: inject('chromium'),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    env: { ...process.env, FONTCONFIG_FILE: inject('fontconfig')[typeface] },
  })
  return browser.once('disconnected', () => started.delete(typeface))
}

/** TYPEFACE, else the one that falls to this test file by its name: half of the files are seen with each, always the same. */
function ownTypeface(): Typeface {
  const asked = typefaceNames.find((name) => name === process.env.TYPEFACE)
  const letters = [...basename(expect.getState().testPath ?? '')]
  const sum = letters.reduce((total, letter) => total + letter.codePointAt(0)!, 0)
  return asked ?? typefaceNames[sum % typefaceNames.length]!
}

async function newPerson(browser: Browser, app: Pick<TestApp, 'url'>, options: PersonOptions = {}): Promise<Person> {
  const context = await browser.newContext({
    baseURL: app.url,
    viewport: sizes[options.size ?? 'laptop'],
    colorScheme: options.scheme ?? 'light',
    javaScriptEnabled: options.script ?? true,
    locale: 'en-IN',
    timezoneId: 'Asia/Kolkata',
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(20_000)
  const problems: string[] = []
  await watchViolations(context, problems)
  if (options.blocks) await context.route(options.blocks, (route) => route.abort('blockedbyclient'))
  context.on('page', (page) => watch(page, problems, options.blocks))
  const page = await context.newPage()
  return { page, context, problems, newTab: () => context.newPage(), close: () => context.close() }
}

/** The policy's violations as the browser reports them to the page; a script-less page still has the console's words. */
async function watchViolations(context: BrowserContext, problems: string[]) {
  await context.exposeBinding('reportViolation', (_source, text: string) => problems.push(text))
  await context.addInitScript({
    content: `document.addEventListener('securitypolicyviolation', (event) =>
      reportViolation('policy of ' + event.documentURI + ': ' + event.effectiveDirective + ' blocks ' + event.blockedURI))`,
  })
}

/** Chromium's own line about an answered 4xx, a refused form for example. */
const answered = /^Failed to load resource: the server responded with a status of 4\d\d/

function watch(page: Page, problems: string[], blocks?: RegExp) {
  const isBlocked = (url: string) => blocks?.test(url) ?? false
  page.on('console', (message) => {
    const isFine = answered.test(message.text()) || isBlocked(message.location().url)
    if (['error', 'warning'].includes(message.type()) && !isFine) problems.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`))
  page.on('crash', () => problems.push('the page crashed'))
  page.on('requestfailed', (request) => {
    if (!isBlocked(request.url()) && !wasLeft(request)) problems.push(`request: ${request.url()} ${reasonOf(request)}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 500) problems.push(`answer: ${response.status()} ${response.url()}`)
  })
}

const reasonOf = (request: Request) => request.failure()?.errorText ?? 'failed'

/** The browser itself gives up what it no longer needs: the person went on to another page meanwhile. */
const wasLeft = (request: Request) => reasonOf(request) === 'net::ERR_ABORTED'

/** Signs the browser in as this visitor, who registered over HTTP. */
export async function takeOver({ context }: Person, visitor: Visitor): Promise<void> {
  const cookies = [...visitor.cookies].map(([name, value]) => ({ name, value, url: visitor.app.url }))
  await context.addCookies(cookies)
}

/** Writes a picture of the page when SCREENSHOTS names a folder; else does nothing. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Every rule of axe, and those that look at colours: all that another colour scheme of the same page can break. */
const rules = {
  all: `rules: { 'target-size': { enabled: true } }`,
  colours: `runOnly: ['color-contrast', 'link-in-text-block']`,
}

/** What a page is looked at with in a scheme: the dark one differs from the light in its colours alone. */
export const rulesFor = (scheme: Scheme) => (scheme === 'light' ? 'all' : 'colours')

/** What axe finds wrong on the page, one line each. Only that is worked out and leaves the page: it is half of the time. */
export async function axeFindings(page: Page, which: keyof typeof rules = 'all'): Promise<string[]> {
  if (!(await page.evaluate(`'axe' in window`))) await evaluateAxe(page)
  const found = await page.evaluate(`axe.run(document, { reporter: 'no-passes', preload: false, ${rules[which]} }).then(
    ({ violations }) => violations.map(({ id, help, nodes }) => id + ': ' + help + ' (' + nodes.map(({ target }) => target).join(', ') + ')')
  )`)
  return found as string[]
}

/** In the protocol's own words: as an argument of Playwright's evaluation, half a megabyte takes twice as long. */
async function evaluateAxe(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: axeSource, silent: true })
  await session.detach()
}

/** How many pixels of the page lie beyond its right edge. While one page takes another's place, of the new one. */
export function overflowOf(page: Page): Promise<number> {
  return page.locator('html').evaluate((root) => root.scrollWidth - root.clientWidth)
}

/** Tables whose columns do not all fit beside each other, by the label of the box in which they scroll. */
export function scrollingTables(page: Page): Promise<string[]> {
  return page
    .locator('.table-scroll')
    .evaluateAll((boxes) =>
      boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.getAttribute('aria-label') ?? ''),
    )
}

/** What axe lets pass: ids that two elements share, so that a label finds the wrong one, and misspelt aria-current. */
export function markupFlaws(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const all = (selector, read) => [...document.querySelectorAll(selector)].map(read)
    const ids = all('[id]', (element) => element.id)
    const currents = all('[aria-current]', (element) => element.getAttribute('aria-current'))
    return [
      ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => 'two elements are #' + id),
      ...currents.filter((value) => !['page', 'step', 'true', 'false'].includes(value)).map((value) => 'aria-current=' + value),
    ]
  })()`)
}
