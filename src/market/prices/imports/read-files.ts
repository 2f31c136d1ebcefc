import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Sql } from '../../../platform/db.ts'
import { beginningOf } from '../../../platform/text.ts'
import { yearOf } from '../../calendar/days.ts'
import { readTradingCalendar } from '../../calendar/trading-calendar.ts'
import type { Problem } from '../../files/csv-files.ts'
import type { Format } from '../files/formats.ts'
import { type Reading, readPriceFile } from '../files/reading.ts'
import { type StagedNav, stageNavs } from '../navs/queries.ts'
import { noteBasis, type Spans, widen } from './basis.ts'
import { ForeignRows, type Names, type NewNames, namesOf } from './names.ts'
import { areOutdated } from './names-queries.ts'
import { type FileRead, findToday, holdImport, type Refused, type StagedPrice, stagePrices } from './queries.ts'
import { Staging, type Waiting } from './staging.ts'

/** A file as it was given: where it lies now, and what it was called. */
export type GivenFile = { path: string; name: string }

const problemsKept = 100

/** An import whose files are being read: where their prices and NAVs go, what they are read against, and what was found besides prices. */
type Reader = {
  sql: Sql
  importId: number
  staging: Staging<StagedPrice>
  navs: Staging<StagedNav>
  names: Names
  reading: Reading
  found: { files: FileRead[]; refused: Refused[]; problems: Problem[]; problemCount: number }
  complain: (problem: Problem) => void
  /** Of the files, in zips too, that do not say their basis: how many, and the names under which they are asked about. */
  unknown: { count: number; asked: Set<string> }
}

/** Reads the files of an import, stores their prices, and holds it with what is wrong with them and what has to be asked. */
export async function readFiles(sql: Sql, importId: number, files: readonly GivenFile[]): Promise<void> {
  const [names, reading] = await prepareReading(sql)
  const found: Reader['found'] = { files: [], refused: [], problems: [], problemCount: 0 }
  const complain = (problem: Problem) => {
    found.problemCount++
    if (found.problems.length < problemsKept) found.problems.push(problem)
  }
  const fileNames = files.map(({ name }) => name)
  const to = { names: fileNames, complain }
  const staging = new Staging<StagedPrice>((prices) => stagePrices(sql, importId, prices), { what: 'a price', ...to })
  const navs = new Staging<StagedNav>((given) => stageNavs(sql, importId, given), { what: 'a NAV', ...to })
  const reader: Reader = {
    sql,
    importId,
    staging,
    navs,
    names,
    reading,
    found,
    complain,
    unknown: { count: 0, asked: new Set() },
  }
  for (const file of files) await readFile(reader, file)
  await staging.store()
  await navs.store()
  if (await areOutdated(sql, names.instruments))
    complain({ file: beginningOf(fileNames.join(', '), 100), line: null, sentence: outdated })
  await holdImport(sql, importId, found)
}

const outdated = 'An instrument was renamed while these files were read. Import them again.'

/** What the files are read against: names of our instruments, the day in India at the database, and the calendar. */
async function prepareReading(sql: Sql): Promise<[Names, Reading]> {
  const [names, today, calendar] = await Promise.all([namesOf(sql), findToday(sql), readTradingCalendar(sql)])
  // Of a year whose calendar nobody entered, no day can be called closed.
  const isOpen = (day: string) => calendar.isOpen(day) || !calendar.isKnown(yearOf(day))
  return [names, { match: names.match, wasGivenUp: names.wasGivenUp, today, isOpen }]
}

/** What is gathered of one CSV file until it ends: one that was given, or one in a zip. */
type Part = { format: Format; spans: Spans; foreign: ForeignRows<Waiting<StagedPrice> & NewNames> }

async function readFile(reader: Reader, { path, name }: GivenFile): Promise<void> {
  const { sql, importId, staging, navs, names, found, complain, unknown } = reader
  const place = found.files.length
  const { size: bytes } = await stat(path)
  const file: FileRead & { skipped: number } = {
    name,
    bytes,
    sha256: await digestOf(path),
    formats: [],
    prices: 0,
    skipped: 0,
  }
  found.files.push(file)
  let part: Part | undefined
  const store = async (prices: Waiting<StagedPrice>[]) => {
    file.prices += prices.length
    for (const price of prices) {
      widen(part!.spans, price.symbol, price.day)
      await staging.add(price)
    }
  }
  for await (const one of readPriceFile(path, name, reader.reading)) {
    if (one.kind === 'problem') complain(one.problem)
    else if (one.kind === 'refused') found.refused.push({ file: one.file, sentence: one.sentence })
    else if (one.kind === 'format') {
      part = { format: one.format, spans: new Map(), foreign: new ForeignRows() }
      if (one.format.basis === 'unknown') unknown.count++
      if (!file.formats.includes(one.format.title)) file.formats.push(one.format.title)
    } else if (one.kind === 'price') {
      const { symbol, day, close, volume, turnover, line, seen } = one.price
      const basis = part!.format.basis === 'restated' ? 'restated' : 'traded'
      const unknownPart = part!.format.basis === 'unknown' ? unknown.count : null
      const traded = { ...(volume !== null && { volume }), ...(turnover !== null && { turnover }) }
      const price = {
        symbol,
        day,
        close,
        ...traded,
        line,
        basis,
        file: place,
        part: unknownPart,
        from: one.file,
      } as const
      await store(part!.foreign.take({ ...price, ...names.newNames(symbol, { ...seen, day }) }))
    } else if (one.kind === 'nav-format') {
      if (!file.formats.includes(one.title)) file.formats.push(one.title)
    } else if (one.kind === 'nav') {
      file.navs = (file.navs ?? 0) + 1
      await navs.add({ ...one.nav, file: place, from: one.file })
    } else if (one.kind === 'nav-end') {
      file.skipped += one.skipped
      file.passedOver = (file.passedOver ?? 0) + one.passedOver
    } else {
      file.skipped += one.skipped
      await store(part!.foreign.end())
      if (part!.format.basis === 'traded') continue
      await staging.store()
      // Two files of one name are asked about separately.
      let about = one.file
      while (unknown.asked.has(about)) about += `, file ${unknown.count}`
      unknown.asked.add(about)
      await noteBasis(sql, importId, { ...part!, file: about, place, part: unknown.count })
    }
  }
}

/** The SHA-256 of a file, in hexadecimal: imports know their files by it. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}
