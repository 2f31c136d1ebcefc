import { dayIn } from '../../calendar/days.ts'
import { normalised, type Problem, rowsOf } from '../../files/csv-files.ts'
import { openFiles } from '../../files/open-files.ts'
import { Unreadable } from '../../files/unreadable.ts'
import { isIsin, symbolIn } from '../identifiers.ts'
import type { ListedEtf } from './queries.ts'

/** What NSE's list of ETFs, which holds no prices, is known by; headers in capitals. */
const etfListColumns = ['SYMBOL', 'UNDERLYING', 'SECURITYNAME', 'DATEOFLISTING', 'ISINNUMBER'] as const

/** The list has some hundreds; a longer file is no list of ETFs, and is not held in memory. */
const most = 5_000
const longest = 200

/**
 * Reads NSE's list of ETFs (`eq_etfseclist.csv`) out of a CSV file or a zip. Never throws for what is in the file: each
 * thing wrong is a problem with its line, and a list with problems is not to be used.
 */
export async function readEtfList(path: string, name: string): Promise<{ etfs: ListedEtf[]; problems: Problem[] }> {
  const lines = new Map<string, number>()
  const etfs: ListedEtf[] = []
  const problems: Problem[] = []
  for await (const { file, ...opened } of openFiles(path, name)) {
    const complain = (line: number | null, sentence: string) => problems.push({ file, line, sentence })
    if (opened.chunks) await readOne(opened.chunks, { lines, etfs, complain })
    else complain(null, opened.sentence)
    // A file with so many problems is something else; the rest of it is not read.
    if (problems.length >= 100) break
  }
  if (etfs.length === 0 && problems.length === 0)
    problems.push({ file: name, line: null, sentence: 'There is no ETF in this file.' })
  return { etfs, problems }
}

/** Whether a file begins as NSE's list of ETFs does; of a zip its first CSV file. */
export async function looksLikeEtfList(path: string, name: string): Promise<boolean> {
  for await (const { chunks } of openFiles(path, name)) {
    if (!chunks) return false
    try {
      for await (const rows of rowsOf(chunks)) for (const row of rows) return isEtfList(normalised(row.cells()))
    } catch (error) {
      if (error instanceof Unreadable) return false
      throw error
    }
  }
  return false
}

/** Whether this (normalised) header is that of NSE's list of ETFs. */
export function isEtfList(header: readonly string[]): boolean {
  return etfListColumns.every((name) => header.includes(name))
}

type Reading = {
  /** The line of each symbol. */
  lines: Map<string, number>
  etfs: ListedEtf[]
  complain: (line: number | null, sentence: string) => number
}

async function readOne(chunks: AsyncIterable<Buffer>, { lines, etfs, complain }: Reading): Promise<void> {
  let header: string[] | undefined
  try {
    for await (const rows of rowsOf(chunks))
      for (const row of rows) {
        if (!header) {
          header = normalised(row.cells())
          if (!isEtfList(header)) return void complain(1, otherHeader)
          continue
        }
        const etf = etfOn(row.cells(), header)
        if (typeof etf === 'string') {
          if (complain(row.line, etf) >= 100) return
        } else if (lines.has(etf.symbol))
          complain(row.line, `${etf.symbol} stands on line ${lines.get(etf.symbol)} too.`)
        else if (etfs.length >= most) return void complain(row.line, 'No list of ETFs is as long as this.')
        else {
          lines.set(etf.symbol, row.line)
          etfs.push(etf)
        }
      }
    if (!header) complain(null, 'This file is empty.')
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    complain(error.line, error.message)
  }
}

/** The ETF on a row; a sentence for what is wrong. */
function etfOn(record: string[], header: string[]): ListedEtf | string {
  const cell = (name: (typeof etfListColumns)[number]) => (record[header.indexOf(name)] ?? '').replaceAll('\0', '')
  const quoted = (name: (typeof etfListColumns)[number]) => `“${cell(name).slice(0, 30)}”`
  const symbol = symbolIn(cell('SYMBOL'))
  if (symbol === null) return `${quoted('SYMBOL')} is not a symbol.`
  const [securityName, underlying, isin] = [cell('SECURITYNAME'), cell('UNDERLYING'), cell('ISINNUMBER').toUpperCase()]
  if (securityName === '') return `${symbol} has no name.`
  if (securityName.length > longest || underlying.length > longest)
    return `The name or the underlying of ${symbol} is longer than ${longest} letters.`
  const listedOn = dayIn(cell('DATEOFLISTING'))
  if (listedOn === null) return `${quoted('DATEOFLISTING')} is not a date like 08-Jan-02.`
  if (!isIsin(isin)) return `${quoted('ISINNUMBER')} is not the ISIN of an Indian fund.`
  return { symbol, securityName, underlying, isin, listedOn }
}

const otherHeader =
  'This is not NSE’s list of ETFs: that has the columns Symbol, Underlying, SecurityName, DateofListing and ISINNumber.'
