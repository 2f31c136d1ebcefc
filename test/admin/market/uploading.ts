import type { Admin } from '../../support/admin.ts'
import type { Answer } from '../../support/visitor.ts'

/** A file as somebody chooses it. */
export type Chosen = { name: string; content: string | Uint8Array<ArrayBuffer> }

/** Uploads files as a browser's form does, and answers what the site said. */
export async function upload(admin: Admin, ...files: Chosen[]): Promise<Answer> {
  return uploadTo('/admin/market/imports', admin, ...files)
}

/** The same to another form. */
export async function uploadTo(path: string, admin: Admin, ...files: Chosen[]): Promise<Answer> {
  const form = new FormData()
  for (const { name, content } of files) form.append('files', new Blob([content]), name)
  const { app, cookies } = admin.visitor
  const response = await fetch(app.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin', cookie: cookieOf(cookies) },
    body: form,
  })
  const text = await response.text()
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (name !== undefined && value) cookies.set(name, value)
  }
  return {
    status: response.status,
    headers: response.headers,
    body: text,
    location: response.headers.get('location'),
    json: () => JSON.parse(text),
  }
}

/** The cookie header of a visitor. */
export function cookieOf(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

/** Our own format: one price a line. */
export function long(name: string, ...rows: [day: string, symbol: string, close: number | string][]): Chosen {
  return { name, content: ['date,symbol,close', ...rows.map((row) => row.join(','))].join('\n') }
}

const udiffHeader =
  'TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4'

/** The ISINs that the product knows; of other instruments a row gives none. */
const isins: Record<string, string> = { NIFTYBEES: 'INF204KB14I2', BANKBEES: 'INF204KB15I9', RELIANCE: 'INE002A01018' }

/** NSE's bhavcopy of a day as it is since July 2024, with a share and a bond beside what is given. `more`: ISINs of other symbols. */
export function bhavcopy(day: string, closes: Record<string, number>, more: Record<string, string> = {}): Chosen {
  const row = (symbol: string, series: string, close: number) =>
    `${day},${day},CM,NSE,STK,1,${{ ...isins, ...more }[symbol] ?? ''},${symbol},${series},,,,,A FUND,${close},${close},${close},${close},${close},${close},,${close},,,12345,6234567.8,321,F1,1,,,,,`
  const rows = Object.entries(closes).map(([symbol, close]) => row(symbol, 'EQ', close))
  const content = [udiffHeader, row('RELIANCE', 'EQ', 1400), ...rows, row('GOI2031', 'GS', 99)].join('\r\n')
  return { name: `BhavCopy_NSE_CM_0_0_0_${day.replaceAll('-', '')}_F_0000.csv`, content }
}

/** NSE's list of ETFs, as it comes: a byte-order mark, quotes and Windows' line ends. */
export function etfList(
  ...rows: [symbol: string, underlying: string, name: string, isin: string, listed?: string][]
): Chosen {
  const lines = rows.map(
    ([symbol, underlying, name, isin, listed = '08-Jan-02']) =>
      `${symbol},"${underlying}",${name},${listed},1,${isin},10`,
  )
  const header = 'Symbol,Underlying,SecurityName,DateofListing,MarketLot,ISINNumber,FaceValue'
  return { name: 'eq_etfseclist.csv', content: `\uFEFF${[header, ...lines].join('\r\n')}\r\n` }
}
