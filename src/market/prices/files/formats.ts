/**
 * Whether prices are as they were traded on their day (splits must be accounted for) or already restated by the
 * file's maker, as Yahoo and Stooq do.
 */
export type Basis = 'traded' | 'restated'

/** Which columns hold what; headers in capitals. `basis` unknown: the file does not say, so that a person has to. */
export type Format = {
  name: string
  title: string
  basis: Basis | 'unknown'
  day: string
  close: string
  /** Traded units, where the file has the column. */
  volume: string
  /** What they cost, where the file has one of these columns; the number is how many rupees its unit is. */
  turnover: Readonly<Record<string, number>>
  /** Null: the file is about one symbol, by whose name it is called. */
  symbol: string | null
  /**
   * Rows of other series (bonds, rights…) in an exchange's file are not ours. `standIn`: the series that counts on a day
   * without `main`; BE is where NSE moves a share or fund that may only be traded with delivery.
   */
  series: { column: string; main: string; standIn?: string } | null
  /** A file of many instruments, whoever is followed: others are passed over, not refused. */
  wholeMarket: boolean
  /** An exchange's file of one trading day: when that is wrong, all of it is. */
  daily: boolean
  /** Columns the header must have besides the ones above, and columns it must not have, to distinguish formats. */
  also: readonly string[]
  never: readonly string[]
  /** What a row says in these columns when it is of NSE's cash market, where the file has them. */
  only: Readonly<Record<string, string>>
  /** The file's name, without its ending, where the format is known by it. */
  called: RegExp | null
}

const format = (name: string, title: string, columns: Partial<Format>): Format => ({
  name,
  title,
  basis: 'traded',
  day: 'DATE',
  close: 'CLOSE',
  volume: 'VOLUME',
  turnover: { TURNOVER: 1 },
  symbol: 'SYMBOL',
  series: null,
  wholeMarket: false,
  daily: false,
  also: [],
  never: [],
  only: {},
  called: null,
  ...columns,
})

const nse = { column: 'SERIES', main: 'EQ', standIn: 'BE' }
const bhavcopy = { series: nse, wholeMarket: true, daily: true }
const oneSymbol = { symbol: null, never: ['SYMBOL', 'TICKER'] }
const openHighLow = ['OPEN', 'HIGH', 'LOW']
/** As pandas, Yahoo and their imitators call a close that accounts for dividends. */
const adjustedCloses = [' ', '_', ''].flatMap((space) =>
  ['ADJ', 'ADJ.', 'ADJUSTED'].map((word) => `${word}${space}CLOSE`),
)

/** Every format with a header of one line, the most specific first. `Adj Close`, which accounts for dividends, is never read. */
const formats: readonly Format[] = [
  format('nse-udiff', 'NSE bhavcopy (UDiFF, since July 2024)', {
    ...bhavcopy,
    day: 'TRADDT',
    close: 'CLSPRIC',
    volume: 'TTLTRADGVOL',
    turnover: { TTLTRFVAL: 1 },
    symbol: 'TCKRSYMB',
    series: { ...nse, column: 'SCTYSRS' },
    only: { SRC: 'NSE', SGMT: 'CM', FININSTRMTP: 'STK' },
  }),
  format('nse-full', 'NSE full bhavcopy with deliveries', {
    ...bhavcopy,
    day: 'DATE1',
    close: 'CLOSE_PRICE',
    volume: 'TTL_TRD_QNTY',
    turnover: { TURNOVER_LACS: 1e5 },
  }),
  format('nse-legacy', 'NSE bhavcopy (until July 2024)', {
    ...bhavcopy,
    day: 'TIMESTAMP',
    volume: 'TOTTRDQTY',
    turnover: { TOTTRDVAL: 1 },
  }),
  format('nse-security', 'NSE security-wise archive', {
    series: nse,
    wholeMarket: true,
    close: 'CLOSE PRICE',
    volume: 'TOTAL TRADED QUANTITY',
    turnover: { 'TURNOVER ₹': 1, TURNOVER: 1 },
  }),
  format('nse-quote', 'NSE quote download, one symbol', {
    ...oneSymbol,
    series: nse,
    also: ['PREV. CLOSE', 'VWAP'],
    turnover: { VALUE: 1 },
  }),
  format('yahoo', 'Yahoo download', { ...oneSymbol, basis: 'restated', also: ['ADJ CLOSE'] }),
  format('stooq-bulk', 'Stooq, many symbols', {
    day: '<DATE>',
    close: '<CLOSE>',
    volume: '<VOL>',
    symbol: '<TICKER>',
    series: { column: '<PER>', main: 'D' },
    basis: 'restated',
    wholeMarket: true,
  }),
  format('long', 'Our own: date, symbol, close', { never: [...openHighLow, ...adjustedCloses] }),
  format('long-unknown', 'Date, symbol, close and other prices, origin unknown', { basis: 'unknown' }),
  // Stooq calls India IN, in its symbols (bankbees.in) and its downloads (bankbees_in_d.csv).
  format('stooq', 'Stooq, one symbol', { ...oneSymbol, basis: 'restated', also: openHighLow, called: /[._]in(_d)?$/i }),
  format('yfinance-history', 'yfinance history, perhaps with dividends in its prices', {
    ...oneSymbol,
    basis: 'unknown',
    also: [...openHighLow, 'STOCK SPLITS'],
  }),
  format('ohlc', 'Date, open, high, low, close, origin unknown', {
    ...oneSymbol,
    basis: 'unknown',
    also: openHighLow,
  }),
]

/** yfinance's file of one ticker or more side by side, under a header of three lines. */
export function yfinanceFormat(hasAdjustedClose: boolean): Format {
  return format('yfinance', hasAdjustedClose ? 'yfinance download' : 'yfinance, adjusted for dividends perhaps', {
    symbol: null,
    basis: hasAdjustedClose ? 'restated' : 'unknown',
  })
}

/** The format whose columns are all in this (normalised) header, in any order. `stem`: the file's name without its ending. */
export function formatOf(header: readonly string[], stem: string): Format | undefined {
  return formats.find(
    (one) =>
      [one.day, one.close, one.symbol, one.series?.column ?? null, ...one.also].every(
        (name) => name === null || header.includes(name),
      ) &&
      !one.never.some((name) => header.includes(name)) &&
      (one.called?.test(stem) ?? true),
  )
}

const otherExchange = 'These are prices of BSE, another exchange. ETFs are ranked by NSE’s prices: import NSE’s file.'

/** Files that look like ours and hold no prices of ETFs on NSE: columns by which they are known, and what they are. */
const strangers: readonly [columns: readonly string[], sentence: string][] = [
  [
    ['INSTRUMENT', 'EXPIRY_DT'],
    'This is a bhavcopy of futures and options. Import the one of the cash market (cm…bhav.csv).',
  ],
  [
    ['INDEX NAME'],
    'This is NSE’s file of index values. ETFs are ranked by their own prices, which are in the bhavcopy.',
  ],
  [['DATE', 'SHARES TRADED'], 'This is the history of an index. ETFs are ranked by their own prices.'],
  [['SC_CODE'], otherExchange],
  [['WAP', 'CLOSE PRICE'], otherExchange],
]

/** What a file with this (normalised) header is, in a sentence, when it is one that must not be taken for prices of ours. */
export function strangerOf(header: readonly string[]): string | undefined {
  return strangers.find(([columns]) => columns.every((name) => header.includes(name)))?.[1]
}

/** Why a row with `value` in a column of `only` is not of NSE's cash market. */
export function otherMarket(column: string, value: string): string {
  if (column === 'SRC') return otherExchange
  return column === 'SGMT' && value === 'FO'
    ? 'This is a bhavcopy of futures and options. Import the one of the cash market (BhavCopy_NSE_CM_…).'
    : `This is not of NSE’s cash market: ${column} is “${value.slice(0, 30)}”.`
}
