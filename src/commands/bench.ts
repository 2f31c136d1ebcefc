import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bench, benchPanel, type MeasureName, measureNames } from '../dev/bench/bench.ts'
import { startPostgres } from '../dev/embedded-postgres/postgres.ts'
import { root } from '../platform/environment.ts'

// `npm run bench`: speed and memory beside the least they could cost; docs/speed.md explains the measurements.
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    panel: { type: 'boolean', default: false },
    'panel-size': { type: 'string' },
    'memory-limit': { type: 'string' },
    minutes: { type: 'string', default: '2' },
  },
})
const unknown = values.only.filter((name) => !measureNames.includes(name as MeasureName))
if (unknown.length > 0) {
  console.error(`There is no measure ${unknown.join(', ')}. There are: ${measureNames.join(', ')}.`)
  process.exit(1)
}

if (values.panel || values['panel-size'] !== undefined) process.exit(await panel(values['panel-size'] ?? '100000'))

const folder = mkdtempSync(join(tmpdir(), 'etf-bench-'))
const server = await startPostgres({ checkout: root, dataDir: folder })
const limit = values['memory-limit'] ? { mb: Number(values['memory-limit']), minutes: Number(values.minutes) } : null
const limitMs = limit ? (limit.minutes + 5) * 60_000 : values.whole ? 3_600_000 : values.quick ? 90_000 : 360_000
const stopping = new AbortController()
const tooLate = AbortSignal.timeout(limitMs)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort(new Error('stopped')))
try {
  const text = await bench({
    quick: values.quick,
    whole: values.whole,
    limit,
    only: limit ? ['memory'] : values.only.length > 0 ? (values.only as MeasureName[]) : measureNames,
    databaseUrl: server.url,
    signal: AbortSignal.any([stopping.signal, tooLate]),
    log: (line) => console.error(line),
  })
  console.log(text)
} catch (error) {
  console.error(`The bench did not finish: ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit()

/**
 * Measures the panel's pages, in an embedded database that stays for the next run. Returns the exit code.
 */
async function panel(size: string): Promise<number> {
  const subscribers = Number(size)
  if (!Number.isSafeInteger(subscribers) || subscribers < 1_000 || subscribers > 10_000_000) {
    console.error('--panel-size is a number of subscribers from 1000 to 10000000.')
    return 1
  }
  const server = await startPostgres({ checkout: join(root, '.data', 'bench'), dataDir: null })
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void server.stop().finally(() => process.exit(1)))
  try {
    console.log(await benchPanel(server.url, { subscribers, quick: values.quick, log: (line) => console.error(line) }))
    return 0
  } catch (error) {
    console.error(`The bench did not finish: ${(error as Error).message}`)
    return 1
  } finally {
    await server.stop()
  }
}
