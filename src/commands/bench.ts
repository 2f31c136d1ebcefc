import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bench, type MeasureName, measureNames } from '../bench/bench.ts'
import { startPostgres } from '../embedded/postgres/postgres.ts'
import { root } from '../environment.ts'

// `npm run bench`: speed and memory beside the least they could cost; docs/speed.md explains the figures.
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: [] } },
})
const unknown = values.only.filter((name) => !measureNames.includes(name as MeasureName))
if (unknown.length > 0) {
  console.error(`There is no measure ${unknown.join(', ')}. There are: ${measureNames.join(', ')}.`)
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'etf-bench-'))
const server = await startPostgres({ checkout: root, dataDir: folder })
const limitMs = values.quick ? 90_000 : 360_000
const given = new AbortController()
const limit = AbortSignal.timeout(limitMs)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => given.abort(new Error('stopped')))
try {
  const text = await bench({
    quick: values.quick,
    only: values.only.length > 0 ? (values.only as MeasureName[]) : measureNames,
    databaseUrl: server.url,
    signal: AbortSignal.any([given.signal, limit]),
    say: (line) => console.error(line),
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
