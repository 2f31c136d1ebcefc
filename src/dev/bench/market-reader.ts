import { cachedAnalysis, currentMarket } from '../../market/engine/market.ts'
import { commit, readIntoImport } from '../../market/prices/imports/imports.ts'
import { answers, connect } from '../../platform/db.ts'
import { ready } from './child.ts'

/** What the parent sends: files to be imported one after the other, or none, to read the market and analyse it. */
export type Task = { url: string; paths: string[] }
/**
 * What it gets back: seconds, MB at the peak above the beginning, and of an analysis the KB it keeps for each instrument and the
 * milliseconds of processor time of an analysis by week and one by day.
 */
export type Result = { seconds: number; extraMb: number; keptKb: number; analysisMs: number }

process.on('message', async ({ url, paths }: Task) => {
  const sql = connect(url, { max: 2 })
  await answers(sql)
  globalThis.gc?.()
  const before = process.memoryUsage()
  const started = performance.now()
  for (const path of paths) {
    const importId = await readIntoImport(sql, [{ path, name: 'long.csv' }], { origin: 'command', actor: 'command' })
    await commit(sql, importId, { actor: 'command', origin: null })
  }
  let [keptKb, analysisMs] = [0, 0]
  let seconds = (performance.now() - started) / 1000
  if (paths.length === 0) {
    const market = await currentMarket(sql)
    seconds = (performance.now() - started) / 1000
    const cpu = process.cpuUsage()
    const analyses = (['week', 'day'] as const).map((step) => cachedAnalysis(market, { step, at: null, tail: 12 }))
    const { user, system } = process.cpuUsage(cpu)
    analysisMs = (user + system) / 1000 / analyses.length
    globalThis.gc?.()
    const after = process.memoryUsage()
    const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
    keptKb = bytes / 1024 / market.sectors.length
  }
  // maxRSS is in kilobytes.
  const extraMb = (process.resourceUsage().maxRSS * 1024 - before.rss) / 1024 ** 2
  await sql.end({ timeout: 5 })
  process.send!({ seconds, extraMb, keptKb, analysisMs } satisfies Result)
})
ready('ready')
