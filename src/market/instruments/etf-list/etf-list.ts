import type { Readable } from 'node:stream'
import { dayIn } from '../../calendar/days.ts'
import { csvProblem, normalised, openFiles, type Problem, rowsOf, webPage } from '../../files/csv-files.ts'
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
    if (opened.source) await readOne(opened.source, { lines, etfs, complain })
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
  for await (const { source } of openFiles(path, name)) {
    if (!source) return false
    try {
      for await (const { record } of rowsOf(source)) return isEtfList(normalised(record))
    } catch {
      return false
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

async function readOne(source: Readable, { lines, etfs, complain }: Reading): Promise<void> {
  let header: string[] | undefined
  try {
    for await (const { record, info } of rowsOf(source)) {
      if (!header) {
        header = normalised(record)
        if (!isEtfList(header)) return void complain(1, webPage(header) ?? otherHeader)
        continue
      }
      const etf = etfOn(record, header)
      if (typeof etf === 'string') {
        if (complain(info.lines, etf) >= 100) return
      } else if (lines.has(etf.symbol))
        complain(info.lines, `${etf.symbol} stands on line ${lines.get(etf.symbol)} too.`)
      else if (etfs.length >= most) return void complain(info.lines, 'No list of ETFs is as long as this.')
      else {
        lines.set(etf.symbol, info.lines)
        etfs.push(etf)
      }
    }
    if (!header) complain(null, 'This file is empty.')
  } catch (error) {
    const { line, sentence } = csvProblem(error)
    complain(line, sentence)
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
