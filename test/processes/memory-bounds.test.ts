import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
let harness: ProcessHarness
beforeAll(async () => {
  harness = await buildHarness()
}, 60_000)
afterAll(() => harness.close())

/** Of the process that we started ourselves: its words and what it found in its environment. */
function startedWith({ child }: AppProcess) {
  const read = (file: string) => readFileSync(`/proc/${child.pid}/${file}`, 'utf8').split('\0').slice(0, -1)
  return { words: read('cmdline'), variables: read('environ') }
}

const onLinux = { skip: process.platform !== 'linux', timeout: 60_000 }

test('started in whatever way, the process bounds its memory before it begins, and keeps its id', onLinux, async () => {
  const app = await harness.start()
  const { words, variables } = startedWith(app)
  expect(words).toEqual(
    expect.arrayContaining(['--max-semi-space-size=2', '--max-old-space-size=256', '--no-sparkplug']),
  )
  expect(variables).toEqual(expect.arrayContaining(['MALLOC_ARENA_MAX=2', 'MALLOC_MMAP_THRESHOLD_=131072']))
  expect(await app.stop()).toBe(0)
})

test(
  'its files are read without types, from copies made before it begins, and again where one is empty',
  onLinux,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'etf-copies-'))
    try {
      const app = await harness.start({ NODE_COMPILE_CACHE: folder })
      const { words, variables } = startedWith(app)
      const begins = fileURLToPath(words[words.indexOf('--import') + 1]!)
      expect(dirname(begins)).toBe(folder)
      expect(variables).toContain('NODE_DISABLE_COMPILE_CACHE=1')
      const copies = () => readdirSync(folder).filter((name) => name.endsWith('.mjs'))
      const sizes = () => copies().map((name) => statSync(join(folder, name)).size)
      const ours = globSync('**/*.ts', { cwd: dirname(main) })
      expect(copies().length).toBe(ours.length)
      expect(await app.stop()).toBe(0)
      const whole = sizes()
      truncateSync(begins)
      const again = await harness.start({ NODE_COMPILE_CACHE: folder })
      expect(await again.stop()).toBe(0)
      expect(sizes()).toEqual(whole)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('where no copy can be made, Node strips the types, and keeps what it compiled', onLinux, async () => {
  const app = await harness.start({ NODE_COMPILE_CACHE: '/dev/null/copies' })
  const { words, variables } = startedWith(app)
  expect(words).not.toContain('--import')
  expect(variables).toContain('NODE_COMPILE_CACHE=/dev/null/copies')
  expect(await app.stop()).toBe(0)
})

test('what an operator sets by hand stays', onLinux, async () => {
  const app = await harness.start({ NODE_OPTIONS: '--max_old_space_size=300', MALLOC_ARENA_MAX: '3' })
  const { words, variables } = startedWith(app)
  expect(words).toContain('--max-semi-space-size=2')
  expect(words.join(' ')).not.toContain('old-space')
  expect(variables).toContain('MALLOC_ARENA_MAX=3')
  expect(variables).toContain('MALLOC_MMAP_THRESHOLD_=131072')
  expect(await app.stop()).toBe(0)
})

test('where the file of Node was just replaced, the program runs as it is', onLinux, () => {
  const folder = mkdtempSync(join(tmpdir(), 'etf-node-'))
  try {
    const node = join(folder, 'node')
    cpSync(process.execPath, node)
    const gone = 'data:text/javascript,import fs from "node:fs"; fs.rmSync(process.execPath)'
    const { signal, status, stderr } = spawnSync(node, ['--import', gone, main], {
      env: { NODE_ENV: 'production' },
      encoding: 'utf8',
    })
    expect([signal, status, stderr]).toEqual([null, 1, expect.stringContaining('DATABASE_URL: required')])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
