import { type ExchangeOptions, startExchange } from '../../../src/dev/exchange/exchange.ts'
import { isinOf, type Listing } from '../../../src/dev/exchange/listing.ts'
import { tradingCalendar } from '../../../src/market/calendar/trading-calendar.ts'

const holidays = [
  { day: '2026-10-02', name: 'Gandhi Jayanti' },
  { day: '2026-11-10', name: 'Diwali-Balipratipada' },
]

const etf = (symbol: string) => ({
  symbol,
  walk: symbol,
  isin: isinOf('INF', symbol),
  name: `${symbol} ETF`,
  tracks: 'Nifty',
  series: 'EQ' as const,
})

/** Three funds, two holidays, and a Muhurat session on a Sunday. */
export const listing: Listing = {
  etfs: ['NIFTYBEES', 'BANKBEES', 'ITBEES'].map(etf),
  holidays,
  calendar: tradingCalendar(holidays, [{ day: '2026-11-08' }]),
}

/** The look-alike on a free port, at this moment of its own clock; null: the one it kept. */
export function exchangeAt(at: string | null, given: Partial<ExchangeOptions> = {}) {
  return startExchange({
    host: '127.0.0.1',
    port: 0,
    listed: async () => listing,
    stateFile: null,
    ...(at !== null && { at: Date.parse(at) }),
    ...given,
  })
}

/** Asks as a browser does. */
export function ask(url: string): Promise<Response> {
  return fetch(url, { headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' } })
}
