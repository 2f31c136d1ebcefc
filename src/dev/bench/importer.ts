import { commit, previewImport, readIntoImport } from '../../market/prices/imports/imports.ts'
import { connect } from '../../platform/db.ts'
import { ready } from './child.ts'

/** What the parent sends, and what it gets back: seconds until the import is committed, and MB of memory added. */
export type Task = { url: string; path: string; name: string }
export type Result = { seconds: number; extraMb: number; prices: number }

process.on('message', async ({ url, path, name }: Task) => {
  const sql = connect(url, { max: 2 })
  const before = process.memoryUsage().rss
  const started = performance.now()
  const importId = await readIntoImport(sql, [{ path, name }], { origin: 'command', actor: 'command' })
  const { symbols } = await previewImport(sql, importId)
  await commit(sql, importId, { actor: 'command', origin: null })
  const seconds = (performance.now() - started) / 1000
  // maxRSS is in kilobytes.
  const extraMb = (process.resourceUsage().maxRSS * 1024 - before) / 1024 ** 2
  await sql.end({ timeout: 5 })
  process.send!({ seconds, extraMb, prices: symbols.reduce((sum, one) => sum + one.rows, 0) } satisfies Result)
})
ready('ready')
