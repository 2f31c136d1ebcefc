import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { parse } from 'csv-parse'
import { openPromise } from 'yauzl'
import { commit, previewImport, readIntoImport } from '../../market/prices/imports/imports.ts'
import { connect } from '../../platform/db.ts'
import { ready } from './child.ts'

/**
 * What the parent sends, and what it gets back: seconds until the import is committed, MB of memory added, and the seconds
 * that csv-parse alone takes for the same bytes, of which nothing is kept.
 */
export type Task = { url: string; path: string; name: string }
export type Result = { seconds: number; extraMb: number; prices: number; csvParseSeconds: number }

process.on('message', async ({ url, path, name }: Task) => {
  const sql = connect(url, { max: 2, deadline: 600_000 })
  const before = process.memoryUsage().rss
  const started = performance.now()
  const importId = await readIntoImport(sql, [{ path, name }], { origin: 'command', actor: 'command' })
  const { symbols } = await previewImport(sql, importId)
  await commit(sql, importId, { actor: 'command', origin: null })
  const seconds = (performance.now() - started) / 1000
  // maxRSS is in kilobytes.
  const extraMb = (process.resourceUsage().maxRSS * 1024 - before) / 1024 ** 2
  await sql.end({ timeout: 5 })
  const csvParseSeconds = await parseAll(path)
  const prices = symbols.reduce((sum, one) => sum + one.rows, 0)
  process.send!({ seconds, extraMb, prices, csvParseSeconds } satisfies Result)
})

/** Unzips and parses a file, or all files of a zip, and throws the rows away. Returns seconds. */
async function parseAll(path: string): Promise<number> {
  const started = performance.now()
  if (path.endsWith('.zip')) {
    const zip = await openPromise(path)
    for await (const entry of zip.eachEntry()) await parseOne(await zip.openReadStreamPromise(entry))
  } else await parseOne(createReadStream(path))
  return (performance.now() - started) / 1000
}

async function parseOne(source: Readable): Promise<void> {
  const rows = source.pipe(parse({ bom: true, relax_column_count: true, skip_empty_lines: true, trim: true }))
  await finished(rows.resume())
}
ready('ready')
