import { mostKeys } from '../identity/api-keys/api-keys.ts'
import { requestsAMinute } from '../identity/api-keys/guards.ts'
import { numberColumns } from '../market/dashboard/columns.ts'
import { mansfieldBars } from '../market/engine/strength.ts'
import { usualTerms } from '../market/engine/terms.ts'

type Field = readonly [name: string, meaning: string]

/** What the page about the API says of its fields; a test compares the names with what the API answers. */
export type ApiFields = Record<'parameters' | 'head' | 'ranks' | 'sector' | 'bar' | 'mandate', readonly Field[]>

const words = { terms: usualTerms, step: 'week', returns: 'absolute' } as const
const about = (key: string) => numberColumns.find((column) => column.key === key)!.about(words)

const { day, month } = mansfieldBars
const mansfield = `${about('mansfield')}; by day ${day} days, by month ${month} months`

const reading: readonly Field[] = [
  ['rs_ratio', about('ratio')],
  ['rs_momentum', about('momentum')],
  ['quadrant', 'leading, weakening, lagging or improving'],
  ['formula', 'B/2, or C/2 for a provisional reading'],
]

export const apiFields: ApiFields = {
  parameters: [
    ['at', 'A day like 2026-11-20; the last trading day up to it is shown. Default: the newest'],
    ['step', 'week (default), day or month'],
    ['against', 'Symbol of the benchmark, one of those on the dashboard. Default: the usual one'],
    ['universe', 'Of the rankings: sector (default), theme or broad; “sectors” is empty where nothing is in it'],
    [
      'returns',
      'Of the rankings: absolute (default), or excess for returns minus the benchmark’s, in percentage points',
    ],
    ['from', 'Of a series: no bars before this day. Default: as many bars as “limit” says'],
    [
      'limit',
      'Of a series: the newest so many bars, 1 to 1000. Default: 104 weeks, 300 days, 48 months, or 1000 with “from”',
    ],
  ],
  head: [
    ['as_of', 'The trading day that is shown'],
    ['step', 'day, week or month'],
    [
      'period_over',
      'false while sessions of its week or month are still to come, so that readings may change; by day true',
    ],
    ['against', 'Symbol of the benchmark'],
    ['sample', 'true for invented prices of a demo'],
    ['source', 'Where the prices come from'],
  ],
  ranks: [
    ['universe, returns', 'As asked for'],
    ['ranked', 'How many sectors have a rank'],
    ['benchmark', 'The benchmark itself: name, symbol and those of the figures below that it has'],
    ['sectors', 'The sectors, each as below'],
  ],
  sector: [
    ['rank, rank_before', 'The rank by RS score, 1 is the strongest; now and a week before'],
    ['name, symbol', 'The sector, and its ETF on NSE'],
    ['score', about('score')],
    ...reading,
    ['mansfield', mansfield],
    ['return_1w … return_1y', 'Changes of the price over 1W, 1M, 3M, 6M and 1Y, in percent'],
    ['from_high', about('high')],
    ['notes', 'Sentences: why a reading is provisional, which gaps were carried over, why a number is null'],
  ],
  bar: [
    ['day', 'The last day of the week or month on which both the ETF and the benchmark traded, or the day'],
    ['close', 'The ETF’s close in rupees, adjusted for splits, with four digits'],
    [
      'volume, turnover',
      'Units, adjusted for splits, and rupees traded in the bar; null where the price files do not say it',
    ],
    ['rs', '100 × close ÷ close of the benchmark'],
    ['mansfield', mansfield],
    ...reading,
  ],
  mandate: [
    [
      'status',
      'none, waiting (for your approval), active, paused, ending (Cashfree has not confirmed the end) or ended',
    ],
    ['umn', 'The mandate’s number at your bank, without its middle'],
    ['ceiling', 'The maximum per debit, in rupees'],
    ['next_debit', 'The next debit, “on” a day and its “amount” in rupees; null where nothing is going to be debited'],
    ['ended', 'When it ended'],
  ],
}

export const apiLimits = { aMinute: requestsAMinute, mostKeys }
