import { dateInIndia, dateTimeInIndia, monthInIndia } from './dates.ts'
import { rupees, rupeesExact, rupeesInWords } from './money.ts'

/** How pages and mails print money and time; `it.fmt` in every template. */
export const fmt = {
  rupees,
  rupeesExact,
  rupeesInWords,
  date: dateInIndia,
  dateTime: dateTimeInIndia,
  month: monthInIndia,
}
