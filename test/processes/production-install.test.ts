import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Checkout, copyCheckout } from '../support/checkout.ts'
import { buildHarness, type ProcessHarness, run } from '../support/process.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const lock = JSON.parse(read('package-lock.json')) as {
  packages: Record<string, { dev?: true; optional?: true }>
}
const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }

/** What `npm ci --omit=dev --omit=optional` puts into `node_modules` on this machine. */
const installed = Object.entries(lock.packages)
  .filter(([path]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && existsSync(join(root, path)))
  .filter(([, { dev, optional }]) => !dev && !optional)
  .map(([path]) => path)

let harness: ProcessHarness
let checkout: Checkout
beforeAll(async () => {
  harness = await buildHarness()
  checkout = copyCheckout()
  rmSync(join(checkout.folder, 'node_modules'))
  for (const path of installed) {
    mkdirSync(join(checkout.folder, dirname(path)), { recursive: true })
    symlinkSync(join(root, path), join(checkout.folder, path))
  }
}, 60_000)
afterAll(async () => {
  await harness.close()
  checkout.remove()
})

const live = { NODE_ENV: 'production', BASE_URL: 'https://etf.example.in', RATE_LIMIT_SCALE: '' }

test('installed without development and optional packages, production starts, serves pages and ends well', {
  timeout: 60_000,
}, async () => {
  const app = await harness.start(live, checkout.folder)
  const get = (path: string) =>
    new Promise<number | undefined>((resolve, reject) =>
      request(app.url + path, { headers: { host: 'etf.example.in' } }, (answer) => resolve(answer.resume().statusCode))
        .once('error', reject)
        .end(),
    )
  for (const path of ['/', '/login', '/terms', '/forgot-password', '/healthz'])
    expect([path, await get(path)]).toEqual([path, 200])
  expect(await app.stop()).toBe(0)
  expect(app.output()).not.toMatch(/"level":(50|60)/)
})

test('installed so, a report has its picture', { timeout: 60_000 }, async () => {
  const { default: draw } = await import(join(checkout.folder, 'src', 'market', 'charts', 'picture-thread.ts'))
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><text x="2" y="15">IT</text></svg>'
  const picture = Buffer.from(draw({ svg, widthPx: 80, paper: '#ffffff' }))
  expect(picture.subarray(1, 4).toString()).toBe('PNG')
  expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([80, 40])
})

test('started so as the demo, it says what is missing', { timeout: 30_000 }, async () => {
  const app = run({ DATABASE_URL: harness.databaseUrl, PORT: '0' }, join(checkout.folder, 'src', 'main.ts'))
  await new Promise((done) => app.child.once('close', done))
  expect(app.child.exitCode).toBe(1)
  expect(app.output()).toContain('`npm install` without --omit=dev')
  expect(app.output()).not.toMatch(/\bat .*\.ts:\d+/)
})

test('nothing outside src/dev imports what only development installs', () => {
  const typesAlone = /^(?:import|export) type [^']* from '[^']*'/gm
  const importing = /^(?:import|export|\}).* from '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm
  const foreign = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('dev/'))
    .flatMap((file) =>
      [...read(join('src', file)).replace(typesAlone, '').matchAll(importing)]
        .map((match) => /^(?:@[^/]+\/)?[^/]+/.exec(match[1] ?? match[2]!)![0])
        .filter((name) => !name.startsWith('node:') && !(name in dependencies))
        .map((name) => `${file}: ${name}`),
    )
  expect(foreign).toEqual([])
})
