import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify/sync'
import { csvTimeInIndia, escapeFormula, rupeesOf } from '../../../platform/csv.ts'
import type { Sql } from '../../../platform/db.ts'
import { runHeavyWork } from '../../../platform/heavy-work.ts'
import {
  listAlertChoices,
  listAlertDigests,
  listApiKeys,
  listAudit,
  listCompany,
  listComplaints,
  listCreditNotes,
  listCredits,
  listDashboardVisits,
  listDeliveries,
  listDisputes,
  listEmailTokens,
  listGifts,
  listIncidents,
  listKnownBrowsers,
  listMailReports,
  listMails,
  listMandateCharges,
  listMandates,
  listNotes,
  listOrders,
  listPayments,
  listPeriods,
  listProfile,
  listReceipts,
  listRefunds,
  listRegistrationSource,
  listReminders,
  listReportChoices,
  listSecondFactor,
  listSessions,
  listStars,
  listSubscription,
  type Row,
} from './queries.ts'

/** Everything we hold about a person, section by section, in the order it is printed. */
const sections = {
  profile: listProfile,
  registrationSource: listRegistrationSource,
  company: listCompany,
  subscription: listSubscription,
  sessions: listSessions,
  knownBrowsers: listKnownBrowsers,
  apiKeys: listApiKeys,
  linksSent: listEmailTokens,
  secondFactor: listSecondFactor,
  reportChoices: listReportChoices,
  watchList: listStars,
  dashboardVisits: listDashboardVisits,
  alertChoices: listAlertChoices,
  alertsTold: listAlertDigests,
  reminders: listReminders,
  orders: listOrders,
  credits: listCredits,
  mandates: listMandates,
  mandateCharges: listMandateCharges,
  payments: listPayments,
  periods: listPeriods,
  gifts: listGifts,
  receipts: listReceipts,
  refunds: listRefunds,
  disputes: listDisputes,
  creditNotes: listCreditNotes,
  mails: listMails,
  reportsByMailProvider: listMailReports,
  reportsByCashfree: listDeliveries,
  incidents: listIncidents,
  complaints: listComplaints,
  notes: listNotes,
}

/** One JSON document, as a stream made section by section. Amounts in paise, times in UTC. */
export function exportAsJson(sql: Sql, userId: string): Readable {
  async function* pieces() {
    yield `{\n"exportedAt": ${JSON.stringify(new Date())}`
    for await (const { name, isFirst, isLast, rows } of pagesOf(sql, userId)) {
      if (isFirst) yield `,\n${JSON.stringify(name)}: [`
      yield rows.map((row, index) => `${isFirst && index === 0 ? '' : ','}\n${JSON.stringify(row)}`).join('')
      if (isLast) yield ']'
    }
    yield '\n}\n'
  }
  return Readable.from(pieces(), { objectMode: false })
}

/**
 * The same as one CSV file (UTF-8 with the mark that Excel needs, CRLF): for each section its name, its columns, its rows
 * and an empty line. Amounts in rupees, times on the Indian wall clock, text harmless to a spreadsheet.
 */
export function exportAsCsv(sql: Sql, userId: string): Readable {
  async function* pieces() {
    yield '\ufeff'
    for await (const { name, isFirst, isLast, rows } of pagesOf(sql, userId)) {
      const lines = rows.map((row) => Object.entries(row).map(([key, value]) => cell(key, value)))
      if (isFirst) yield linesOf([[inWords(name)], ...(rows[0] ? [Object.entries(rows[0]).map(title)] : [['nothing']])])
      yield linesOf(lines)
      if (isLast) yield '\r\n'
    }
  }
  return Readable.from(pieces(), { objectMode: false })
}

type SectionPage = { name: string; isFirst: boolean; isLast: boolean; rows: Row[] }

async function* pagesOf(sql: Sql, userId: string): AsyncGenerator<SectionPage> {
  for (const [name, list] of Object.entries(sections))
    yield { name, isFirst: true, isLast: true, rows: await inTurn(() => list(sql, userId)) }
  for (let after = 0, isFirst = true; ; isFirst = false) {
    const rows = await inTurn(() => listAudit(sql, userId, after))
    const isLast = rows.length < 1_000
    yield { name: 'record', isFirst, isLast, rows: rows.map(({ id: _ours, ...row }) => row) }
    if (isLast) return
    after = rows.at(-1)!.id
  }
}

/** The download has begun, so it waits however many do. */
function inTurn<T>(read: () => Promise<T>): Promise<T> {
  return runHeavyWork({ patient: true }, read)
}

function linesOf(lines: unknown[][]): string {
  return stringify(lines, { record_delimiter: 'windows', quoted_string: true })
}

function title([key, value]: [string, unknown]): string {
  if (key.endsWith('Paise')) return `${inWords(key.slice(0, -5))} (₹)`
  return key.endsWith('At') || value instanceof Date ? `${inWords(key)} (IST)` : inWords(key)
}

function cell(key: string, value: unknown): string | number {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return csvTimeInIndia(value)
  if (key.endsWith('Paise') && typeof value === 'number') return rupeesOf(value)
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return escapeFormula(typeof value === 'string' ? value : JSON.stringify(value))
}

/** "bankReference" as "bank reference". */
function inWords(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
