import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { Zip, ZipDeflate } from 'fflate'
import { daysAfter } from '../../market/calendar/days.ts'
import { isWeekday } from '../../market/calendar/trading-calendar.ts'
import { dayInIndia } from '../../platform/dates.ts'

const others = 2_000
const header =
  'TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4'
const row = (day: string, symbol: string, isin: string, close: string) =>
  `${day},${day},CM,NSE,STK,11536,${isin},${symbol},EQ,,,,,A COMPANY LIMITED,${close},${close},${close},${close},${close},${close},,${close},,,2172843,6702511854.10,134811,F1,1,,,,,`

/** The last so many weekdays up to today in India, oldest first. */
export function weekdays(count: number): string[] {
  const days: string[] = []
  for (let day = dayInIndia(new Date()); days.length < count; day = daysAfter(day, -1))
    if (isWeekday(day)) days.push(day)
  return days.reverse()
}

/** A zip of daily bhavcopies as NSE makes them: our symbols, here without an ISIN, among two thousand others with one. */
export async function writeBhavcopies(path: string, symbols: string[], days: string[]): Promise<void> {
  const strangers = Array.from({ length: others }, (_, i) =>
    row('DAY', `SHARE${i}`, `INE${100_000 + i}010`, (100 + i / 7).toFixed(2)),
  ).join('\n')
  const file = createWriteStream(path)
  const zip = new Zip((error, chunk, isLast) => {
    if (error) throw error
    file.write(chunk)
    if (isLast) file.end()
  })
  for (const [i, day] of days.entries()) {
    const entry = new ZipDeflate(`BhavCopy_NSE_CM_0_0_0_${day.replaceAll('-', '')}_F_0000.csv`, { level: 1 })
    zip.add(entry)
    const ours = symbols.map((symbol, place) => row(day, symbol, '', closeOf(i, place)))
    entry.push(Buffer.from([header, ...ours, strangers.replaceAll('DAY', day)].join('\n')), true)
    if (file.writableNeedDrain) await once(file, 'drain')
  }
  zip.end()
  await once(file, 'close')
}

/** The same prices in our own format; `first`: how many days came before these. */
export async function writeLong(path: string, symbols: string[], days: string[], first = 0): Promise<void> {
  const file = createWriteStream(path)
  file.write('date,symbol,close\n')
  for (const [i, day] of days.entries())
    file.write(symbols.map((symbol, place) => `${day},${symbol},${closeOf(first + i, place)}\n`).join(''))
  file.end()
  await once(file, 'close')
}

function closeOf(day: number, place: number): string {
  return (100 + 3 * place + 20 * Math.sin(day / 60 + place)).toFixed(2)
}
