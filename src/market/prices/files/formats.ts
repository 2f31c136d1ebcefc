/**
 * Whether prices are as they were traded on their day (splits must be accounted for) or already restated by the
 * file's maker, as Yahoo and Stooq do.
 */
export type Basis = 'traded' | 'restated'

/** Which columns hold what. `basis` unknown: the file does not say, so that a person has to. `symbol` null: the file is about one symbol, named by the file. Headers in capitals. */
export type Format = {
  name: string
  title: string
  basis: Basis | 'unknown'
  day: string
  close: string
  symbol: string | null
  /** Rows of other series (bonds, rights…) in an exchange's file are not ours. */
  series: string | null
  /** An exchange's file of the whole market: symbols we do not follow are passed over, not refused. */
  wholeMarket: boolean
  /** Columns that the header must have besides the ones above, to distinguish formats. */
  also: readonly string[]
}

const format = (name: string, title: string, columns: Partial<Format>): Format => ({
  name,
  title,
  basis: 'traded',
  day: 'DATE',
  close: 'CLOSE',
  symbol: 'SYMBOL',
  series: null,
  wholeMarket: false,
  also: [],
  ...columns,
})

/** Every format that is read, the most specific first. */
const formats: readonly Format[] = [
  format('nse-udiff', 'NSE bhavcopy (UDiFF, since July 2024)', {
    day: 'TRADDT',
    close: 'CLSPRIC',
    symbol: 'TCKRSYMB',
    series: 'SCTYSRS',
    wholeMarket: true,
  }),
  format('nse-full', 'NSE full bhavcopy with deliveries', {
    day: 'DATE1',
    close: 'CLOSE_PRICE',
    series: 'SERIES',
    wholeMarket: true,
  }),
  format('nse-legacy', 'NSE bhavcopy (until July 2024)', { day: 'TIMESTAMP', series: 'SERIES', wholeMarket: true }),
  format('yahoo', 'Yahoo download', { symbol: null, basis: 'restated', also: ['ADJ CLOSE', 'VOLUME'] }),
  format('stooq-bulk', 'Stooq, many symbols', {
    day: '<DATE>',
    close: '<CLOSE>',
    symbol: '<TICKER>',
    basis: 'restated',
    wholeMarket: true,
  }),
  format('long', 'Our own: date, symbol, close', {}),
  format('stooq', 'Stooq, one symbol', { symbol: null, basis: 'restated', also: ['OPEN', 'HIGH', 'LOW'] }),
]

/** The format whose columns are all in this (normalised) header, in any order. */
export function formatOf(header: readonly string[]): Format | undefined {
  return formats.find((one) =>
    [one.day, one.close, one.symbol, one.series, ...one.also].every((name) => name === null || header.includes(name)),
  )
}
