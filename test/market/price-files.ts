import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Found, type Reading, readPriceFile } from '../../src/market/prices/files/reading.ts'

const followed = new Set(['NIFTYBEES', 'BANKBEES', 'ITBEES'])

const reading: Reading = {
  match: ({ symbol }) => (symbol !== null && followed.has(symbol) ? symbol : null),
  wasGivenUp: () => false,
  today: '2026-11-27',
  isOpen: (day) => day === '2026-11-08',
}

/** What is read of a file with this content, under this name. */
export async function read(name: string, content: string | Uint8Array, other: Partial<Reading> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'etf-files-'))
  const path = join(folder, 'given')
  const found: Found[] = []
  try {
    writeFileSync(path, content)
    for await (const one of readPriceFile(path, name, { ...reading, ...other })) found.push(one)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const formats = found.flatMap((one) => (one.kind === 'format' ? [one.format] : []))
  return {
    formats: formats.map((format) => format.name),
    titles: formats.map((format) => format.title),
    basis: formats.map((format) => format.basis),
    prices: found.flatMap((one) => (one.kind === 'price' ? [one.price] : [])),
    problems: found.flatMap((one) => (one.kind === 'problem' ? [one.problem] : [])),
    refused: found.flatMap((one) => (one.kind === 'refused' ? [{ file: one.file, sentence: one.sentence }] : [])),
    navs: found.flatMap((one) => (one.kind === 'nav' ? [one.nav] : [])),
    navEnds: found.flatMap((one) => (one.kind === 'nav-end' ? [one] : [])),
    ends: found.flatMap((one) => (one.kind === 'end' ? [one] : [])),
  }
}

export const udiffHeader =
  'TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4'
export const udiffRow = (symbol: string, series: string, close: string) =>
  `2026-11-20,2026-11-20,CM,NSE,STK,1,INF204KB15I9,${symbol},${series},,,,,A FUND,500,510,499,${close},505.1,500,,505,,,12345,6234567.8,321,F1,1,,,,,`

/** One real-shaped file of every format, each with BANKBEES at 505.25 on 20 November 2026. */
export const shapes: Record<string, { name: string; lines: string[]; format: string }> = {
  'NSE’s UDiFF bhavcopy': {
    name: 'BhavCopy_NSE_CM_0_0_0_20261120_F_0000.csv',
    format: 'nse-udiff',
    lines: [
      udiffHeader,
      udiffRow('RELIANCE', 'EQ', '1400'),
      udiffRow('BANKBEES', 'EQ', '505.25'),
      udiffRow('BANKBEES', 'BL', '400'),
    ],
  },
  'NSE’s bhavcopy until July 2024': {
    name: 'cm20NOV2026bhav.csv',
    format: 'nse-legacy',
    lines: [
      'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,',
      'TCS,EQ,1,1,1,3000,1,1,1,1,20-NOV-2026,1,INE467B01029,',
      'BANKBEES,EQ,500,510,499,505.25,505,500,1234,623456.7,20-NOV-2026,321,INF204KB15I9,',
    ],
  },
  'its early years, without the last columns': {
    name: 'cm20NOV2026bhav.csv',
    format: 'nse-legacy',
    lines: [
      'SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,',
      'BANKBEES,EQ,500,510,499,505.25,505,500,1234,623456.7,20-NOV-2026,',
    ],
  },
  'NSE’s full bhavcopy, a space after each comma': {
    name: 'sec_bhavdata_full_20112026.csv',
    format: 'nse-full',
    lines: [
      'SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE, TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER',
      'BANKBEES, EQ, 20-Nov-2026, 500.00, 501.00, 510.00, 499.00, 505.00, 505.25, 504.10, 1234, 6.23, 321, 800, 64.8',
      'GS2029, GS, 20-Nov-2026, 100, 100, 100, 100, 100, 100, 100, 0, 0, 0, -, -',
    ],
  },
  'a Yahoo download, with a row of nulls': {
    name: 'BANKBEES.NS.csv',
    format: 'yahoo',
    lines: [
      'Date,Open,High,Low,Close,Adj Close,Volume',
      '2026-11-19,null,null,null,null,null,null',
      '2026-11-20,500,510,499,505.25,500.1,1234',
    ],
  },
  'Stooq, one symbol': {
    name: 'bankbees_in_d.csv',
    format: 'stooq',
    lines: ['Date,Open,High,Low,Close,Volume', '2026-11-20,500,510,499,505.25,0'],
  },
  'Stooq, many symbols': {
    name: 'data_d.csv',
    format: 'stooq-bulk',
    lines: [
      '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>',
      'XYZ.IN,D,20261120,000000,1,1,1,1,1,0',
      'BANKBEES.IN,D,20261120,000000,500,510,499,505.25,1234,0',
    ],
  },
  'Stooq, one symbol out of its bulk download': {
    name: 'bankbees.in.txt',
    format: 'stooq-bulk',
    lines: [
      '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>',
      'BANKBEES.IN,D,20261120,000000,500,510,499,505.25,1234,0',
      'BANKBEES.IN,60,20261120,093000,500,510,499,501,1234,0',
    ],
  },
  'NSE’s quote download, which has no symbol': {
    name: 'Quote-Equity-BANKBEES-EQ-01-01-2026-to-27-11-2026.csv',
    format: 'nse-quote',
    lines: [
      '"Date ","series ","OPEN ","HIGH ","LOW ","PREV. CLOSE ","ltp ","close ","vwap ","52W H","52W L ","VOLUME ","VALUE ","No of trades "',
      '"20-Nov-2026","EQ","500.00","510.00","499.00","500.00","505.00",505.25,"504.10","600.00","450.00","1,234","6,23,456.70","321"',
      '"20-Nov-2026","BL","400.00","400.00","400.00","400.00","400.00","400.00","400.00","600.00","450.00","9,999","1.00","1"',
    ],
  },
  'NSE’s security-wise archive': {
    name: '27-11-2025-TO-27-11-2026BANKBEESALLN.csv',
    format: 'nse-security',
    lines: [
      'Symbol  ,Series  ,Date  ,Prev Close  ,Open Price  ,High Price  ,Low Price  ,Last Price  ,Close Price  ,Average Price ,Total Traded Quantity  ,Turnover ₹  ,No. of Trades  ',
      'BANKBEES,EQ,20-Nov-2026,500.00,501.00,510.00,499.00,505.00,505.25,504.10,1234,623456.70,321',
    ],
  },
  'yfinance, one ticker': {
    name: 'data.csv',
    format: 'yfinance',
    lines: [
      'Price,Adj Close,Close,High,Low,Open,Volume',
      'Ticker,BANKBEES.NS,BANKBEES.NS,BANKBEES.NS,BANKBEES.NS,BANKBEES.NS,BANKBEES.NS',
      'Date,,,,,,',
      '2026-11-19,,,,,,',
      '2026-11-20,500.1,505.25,510.0,499.0,500.0,1234',
    ],
  },
  'yfinance, grouped by ticker, adjusted': {
    name: 'data.csv',
    format: 'yfinance',
    lines: [
      'Ticker,ITBEES.NS,ITBEES.NS,BANKBEES.NS,BANKBEES.NS',
      'Price,Close,Volume,Close,Volume',
      'Date,,,,',
      '2026-11-20 00:00:00+05:30,NaN,0,505.25,1234',
    ],
  },
  'yfinance of some years ago, which does not name the levels': {
    name: 'data.csv',
    format: 'yfinance',
    lines: [',Adj Close,Close,Volume', ',BANKBEES.NS,BANKBEES.NS,BANKBEES.NS', 'Date,,,', '2026-11-20,500.1,505.25,7'],
  },
  'yfinance’s history of a ticker': {
    name: 'BANKBEES.NS.csv',
    format: 'yfinance-history',
    lines: [
      'Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Capital Gains',
      '2026-11-20 00:00:00+05:30,500.0,510.0,499.0,505.25,1234,0.0,0.0,0.0',
      '2026-11-23 00:00:00+05:30,nan,nan,nan,nan,0,0.0,0.0,0.0',
    ],
  },
  'date, open, high, low, close of unknown origin': {
    name: 'BANKBEES.csv',
    format: 'ohlc',
    lines: ['date,open,high,low,close', '2026-11-20,500,510,499,505.25'],
  },
  'our own long form, columns in another order': {
    name: 'mine.csv',
    format: 'long',
    lines: ['volume,close,symbol,date', '1234,505.25,bankbees,2026-11-20'],
  },
}
