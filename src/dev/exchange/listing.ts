import { listHolidays, listSpecialSessions } from '../../market/calendar/queries.ts'
import { type TradingCalendar, tradingCalendar } from '../../market/calendar/trading-calendar.ts'
import { checkDigitOf } from '../../market/instruments/identifiers.ts'
import type { Sql } from '../../platform/db.ts'
import { listSecurities } from './queries.ts'

/** Something that trades. `walk` decides its invented prices: the first symbol it had, which no renaming changes. */
export type Security = { symbol: string; walk: string; isin: string; name: string; series: 'EQ' | 'BE' }

/** What trades, and when. */
export type Listing = {
  etfs: (Security & { tracks: string })[]
  calendar: TradingCalendar
  holidays: { day: string; name: string }[]
}

/**
 * All instruments of the product, with an invented ISIN where it knows none, and its calendar: asked anew at every request,
 * so that what is added in the panel trades from then on.
 */
export async function listingOf(sql: Sql): Promise<Listing> {
  const [securities, holidays, sessions] = await Promise.all([
    listSecurities(sql),
    listHolidays(sql),
    listSpecialSessions(sql),
  ])
  const etfs = securities.map(({ symbol, firstSymbol, isin, name, tracks }) => {
    const walk = firstSymbol ?? symbol
    return { symbol, walk, tracks, series: 'EQ' as const, isin: isin ?? isinOf('INF', walk), name: `${name} ETF` }
  })
  return { etfs, holidays, calendar: tradingCalendar(holidays, sessions) }
}

const names = 'ARAVALI CHAMBAL DECCAN GODAVARI HIMGIRI INDRAVATI JAMUNA KAVERI MALWA NARMADA PENNAR SATPURA'.split(' ')
const trades = ['AGRO', 'AUTO', 'CEM', 'CHEM', 'FIN', 'GAS', 'INFO', 'PHARM', 'POWER', 'STEEL']

/** A hundred and twenty invented companies, some of which trade in the series BE, as in every file of the exchange. */
export const companies: readonly Security[] = names.flatMap((name, place) =>
  trades.map((trade, other) => ({
    symbol: `${name}${trade}`,
    walk: `${name}${trade}`,
    isin: isinOf('INE', `${name}${trade}`),
    name: `${name} ${trade} LIMITED`,
    series: (place * trades.length + other) % 17 === 0 ? ('BE' as const) : ('EQ' as const),
  })),
)

/** An ISIN with the right check digit (ISO 6166), the same for the same symbol. */
export function isinOf(issuer: 'INE' | 'INF', symbol: string): string {
  const stem = `${issuer}${seedOf(symbol).toString(36).toUpperCase().padStart(8, '0')}`
  return `${stem}${checkDigitOf(stem)}`
}

/** A number below 2³² that the letters decide (FNV-1a). */
export function seedOf(text: string): number {
  return [...text].reduce((seed, letter) => Math.imul(seed ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5) >>> 0
}
