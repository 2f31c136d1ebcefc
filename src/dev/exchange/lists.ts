import { weekdayOf } from '../../market/calendar/days.ts'
import { namedDay } from './day-files.ts'
import type { Listing } from './listing.ts'

/** The holidays of a year, as /api/holiday-master?type=trading answers: per segment, dates as 26-Jan-2026. */
export function holidayList({ holidays }: Listing, year: string) {
  const ofYear = holidays
    .filter(({ day }) => day.startsWith(year))
    .map(({ day, name }, place) => ({
      tradingDate: namedDay(day),
      weekDay: weekdayOf(day),
      description: name,
      Sr_no: place + 1,
    }))
  return { CM: ofYear, FO: ofYear }
}

/** The list of exchange-traded funds, as eq_etfseclist.csv has it. */
export function etfList({ etfs }: Listing): string {
  const lines = etfs.map(({ symbol, tracks, name, isin }) => `${symbol},${tracks},${name},08-Jan-15,1,${isin},1`)
  return `Symbol,Underlying,SecurityName,DateofListing,MarketLot,ISINNumber,FaceValue\n${lines.join('\n')}\n`
}
