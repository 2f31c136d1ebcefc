import { existsSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { withDatabase } from '../dev/services.ts'
import type { Problem } from '../market/files/csv-files.ts'
import { looksLikeEtfList, readEtfList } from '../market/instruments/etf-list/etf-list.ts'
import { replaceEtfList } from '../market/instruments/etf-list/queries.ts'
import { commit, previewImport, readIntoImport, undo } from '../market/prices/imports/imports.ts'
import { dropImport, findImport, type Import, listImports } from '../market/prices/imports/queries.ts'
import type { GivenFile } from '../market/prices/imports/read-files.ts'
import { connect, type Sql } from '../platform/db.ts'
import { readSettings } from '../platform/environment.ts'
import { AppError } from '../platform/errors.ts'
import { prepareDatabase } from '../platform/migrate.ts'
import { parseArguments } from './arguments.ts'
import { decide, jumpLine, questionLine } from './deciding.ts'
import { fetchNow } from './fetching.ts'

const usage = `Import closing prices: NSE bhavcopies of every age, Yahoo, yfinance, Stooq, or our own date,symbol,close; zipped or not.
NAVs too: AMFI’s NAVAll.txt, or our own date,symbol,nav.
  npm run import -- FILES…                       reads all files; commits them when nothing is wrong or in doubt
  npm run import -- --dry-run FILES…             only says what would happen
  npm run import -- FILES… --split BANKBEES:2019-12-20:10   a jump is a split: ten new units for one old
  npm run import -- FILES… --real BANKBEES:2020-03-23       a jump is the market's own
  npm run import -- FILES… --basis traded        files that do not say it hold prices as traded; or --basis restated, for splits
  npm run import -- FILES… --basis BANKBEES:restated:2026-11-27   a file in doubt accounts for splits up to that day
  npm run import -- FILES… --same BANKBEES:BANKBEESNEW      a new symbol or ISIN is the same fund's; or --other
  npm run import -- eq_etfseclist.csv            NSE's list of ETFs, from which the panel's Instruments pick symbols
  npm run import -- --fetch                      what PRICE_SOURCE has that is missing here, now; exits 1 when something is held
  npm run import -- --fetch --from 2026-11-16 --to 2026-11-27
  npm run import -- --list
  npm run import -- --undo NUMBER`

const by = { actor: 'command', origin: null }
const { values, positionals } = parseArguments(usage, {
  allowPositionals: true,
  options: {
    split: { type: 'string', multiple: true, default: [] },
    real: { type: 'string', multiple: true, default: [] },
    basis: { type: 'string', multiple: true, default: [] },
    same: { type: 'string', multiple: true, default: [] },
    other: { type: 'string', multiple: true, default: [] },
    undo: { type: 'string' },
    list: { type: 'boolean', default: false },
    fetch: { type: 'boolean', default: false },
    from: { type: 'string' },
    to: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
  },
})

const settings = readSettings()
await withDatabase(settings, async (url) => {
  await prepareDatabase(url)
  // Nobody waits behind it: ten years of a whole market are compared with what counts in one statement.
  const sql = connect(url, { max: 2, deadline: 600_000 })
  try {
    if (values['dry-run'] && (values.fetch || values.undo !== undefined)) fail('--dry-run works with files only.')
    else if (values.list) await list(sql)
    else if (values.fetch) await fetchPrices(sql)
    else if (values.undo !== undefined) await undoImport(sql, values.undo)
    else if (positionals.length > 0) await importFiles(sql)
    else fail(usage)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    fail(error.message)
  } finally {
    await sql.end({ timeout: 5 })
  }
})

async function fetchPrices(sql: Sql): Promise<void> {
  const failure = await fetchNow(sql, settings, values)
  if (failure !== null) fail(failure)
}

async function importFiles(sql: Sql): Promise<void> {
  const missing = positionals.filter((path) => !existsSync(path))
  if (missing.length > 0) return fail(`There is no file ${missing.join(', ')}.`)
  const folders = positionals.filter((path) => statSync(path).isDirectory())
  if (folders.length > 0) return fail(`${folders.join(', ')} is a folder. Name the files in it, as in prices/*.csv.`)
  const prices: GivenFile[] = []
  for (const path of positionals) {
    const file = { path, name: basename(path) }
    if (!(await looksLikeEtfList(file.path, file.name))) prices.push(file)
    else if (!(await readList(sql, file))) return
  }
  if (prices.length > 0) await importPrices(sql, prices)
}

/** Replaces NSE's list of ETFs by this one. False: it has problems, and nothing was replaced. */
async function readList(sql: Sql, { path, name }: GivenFile): Promise<boolean> {
  const { etfs, problems } = await readEtfList(path, name)
  if (problems.length > 0) {
    printProblems(problems, problems.length)
    fail(`Nothing was read from ${name}: correct these lines first.`)
    return false
  }
  console.log(`${name}: NSE’s list of ETFs, ${etfs.length} of them`)
  if (values['dry-run']) console.log('It was not read: --dry-run.')
  else {
    const { added, gone, changed } = await replaceEtfList(sql, { etfs, file: name }, by)
    console.log(`Read: ${added} new, ${changed} changed, ${gone} left the list.`)
  }
  return true
}

async function importPrices(sql: Sql, files: GivenFile[]): Promise<void> {
  const started = performance.now()
  const importId = await readIntoImport(sql, files, { origin: 'command', actor: by.actor })
  printFiles((await findImport(sql, importId))!, performance.now() - started)
  try {
    await decideAndCommit(sql, importId)
  } finally {
    // What was not committed is dropped: the files are still here.
    await dropImport(sql, importId, by)
  }
}

async function decideAndCommit(sql: Sql, importId: number): Promise<void> {
  const held = (await findImport(sql, importId))!
  await decide(sql, importId, values)
  const { symbols, navs, questions, jumps } = await previewImport(sql, importId)
  const asked = questions.filter(({ answer }) => answer === null)
  for (const one of symbols)
    console.log(
      `  ${one.symbol.padEnd(12)} ${one.from} to ${one.to}: ${one.fresh} new, ${one.changed} changed, ${one.same} known` +
        `, ${one.traded} with volume` +
        (one.gaps > 0 ? `, ${one.gaps} trading days missing in between` : ''),
    )
  for (const one of navs)
    console.log(
      `  ${one.symbol.padEnd(12)} ${one.from} to ${one.to}: NAVs: ${one.fresh} new, ${one.changed} changed, ${one.same} known`,
    )
  for (const one of asked) console.log(`  ? ${questionLine(one)}`)
  for (const jump of jumps) console.log(`  ? ${jumpLine(jump)}`)
  if (held.problemCount === 0 && held.files.every(({ prices, navs }) => prices === 0 && !navs))
    return fail('Nothing was imported: there is no price or NAV in these files.')
  if (held.problemCount > 0 || asked.length + jumps.length > 0 || values['dry-run']) {
    if (values['dry-run'] && held.problemCount === 0) return console.log('Nothing was imported: --dry-run.')
    return fail(
      held.problemCount > 0
        ? 'Nothing was imported: correct these lines first.'
        : asked.length > 0
          ? 'Nothing was imported: answer the questions first.'
          : 'Nothing was imported: decide the jumps first.',
    )
  }
  await commit(sql, importId, by)
  console.log(`Committed as import ${importId}. To undo it: npm run import -- --undo ${importId}`)
}

function printFiles(held: Import, ms: number): void {
  const prices = held.files.reduce((sum, file) => sum + file.prices, 0)
  for (const file of held.files.slice(0, 20))
    console.log(
      `${file.name}: ${file.formats.join(', ') || 'not read'}, ${file.navs ? `${file.navs} NAVs` : `${file.prices} prices`}` +
        (file.skipped ? `, skipped without a value: ${file.skipped}` : '') +
        (file.passedOver ? `, schemes that are not followed: ${file.passedOver}` : ''),
    )
  if (held.files.length > 20) console.log(`… and ${held.files.length - 20} more files`)
  console.log(`${prices} prices in ${(ms / 1000).toFixed(1)} s`)
  printProblems(held.problems, held.problemCount)
  printRefused(held)
}

/** Files that could not be read. The others count all the same; the command fails, lest it goes unnoticed. */
function printRefused({ refused }: Import): void {
  const notRead = refused.map((one) => ({ ...one, line: null }))
  printProblems(notRead, notRead.length)
  if (notRead.length > 0) fail(`${notRead.length === 1 ? 'One file was' : `${notRead.length} files were`} not read.`)
}

function printProblems(problems: readonly Problem[], count: number): void {
  for (const { file, line, sentence } of problems.slice(0, 20))
    console.error(`  ✗ ${file}${line === null ? '' : `, line ${line}`}: ${sentence}`)
  if (count > 20) console.error(`  ✗ … ${count - 20} more`)
}

async function list(sql: Sql): Promise<void> {
  for (const one of await listImports(sql, 50))
    console.log(
      `${String(one.id).padStart(5)}  ${one.status.padEnd(10)} ${one.createdAt.toISOString().slice(0, 16)}  ${one.files
        .map((file) => file.name)
        .slice(0, 3)
        .join(', ')}`,
    )
}

async function undoImport(sql: Sql, number: string): Promise<void> {
  if (!/^[1-9]\d{0,14}$/.test(number)) return fail(usage)
  const importId = Number(number)
  await undo(sql, importId, by)
  console.log(
    `Import ${importId} is undone: none of it is live, and the earlier prices it had replaced are live again.`,
  )
}

function fail(sentence: string): void {
  console.error(sentence)
  process.exitCode = 1
}
