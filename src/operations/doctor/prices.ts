import { access, constants } from 'node:fs/promises'
import { findCalendarFlaws } from '../../market/calendar/calendar-flaws.ts'
import { yearOf } from '../../market/calendar/days.ts'
import { findFeedStatus } from '../../market/feed/status-queries.ts'
import { hasPricesToSell } from '../../market/prices/on-sale.ts'
import { marketAge } from '../../market/prices/queries.ts'
import { dateInIndia, dateTimeInIndia, dayInIndia } from '../../platform/dates.ts'
import { connect, type Sql } from '../../platform/db.ts'
import type { DoctorContext } from './context.ts'
import { type Finding, failure, ok, warning } from './finding.ts'

const page = '“Prices” in docs/operating.md'
const looksWithinMs = 15 * 60_000

/** Where prices come from, how old they are, whether somebody looks for new ones, and whether the calendar is complete. */
export async function checkPrices({ config, databaseUrl }: DoctorContext): Promise<Finding[]> {
  const sql = connect(databaseUrl, { max: 1, name: 'etf-doctor' })
  try {
    const source = await checkSource(config)
    // Without a database, or with an older one, the line about it says so.
    const found = await Promise.all([checkAge(sql, config), checkLooks(sql, config), checkCalendar(sql, config)]).catch(
      () => [],
    )
    return [source, ...found.flat()]
  } finally {
    await sql.end({ timeout: 1 })
  }
}

type Config = DoctorContext['config']

async function checkSource({ prices, production }: Config): Promise<Finding> {
  const about = 'price source'
  if (prices.source === 'folder') return checkFolder(about, prices.folder!)
  if (prices.source === 'archive' && !prices.licenceAcknowledged)
    return warning(
      about,
      'an archive, and PRICE_LICENCE does not say that you may show its prices',
      `Get the exchange’s licence: ${page}.`,
    )
  if (prices.source === 'archive') return ok(about, 'an archive, with a licence acknowledged')
  return production
    ? warning(
        about,
        'off: nothing is fetched by itself',
        `Choose one: ${page}. Until then import every session by hand.`,
      )
    : ok(about, 'none configured; the demo fetches from its look-alike')
}

async function checkFolder(about: string, folder: string): Promise<Finding> {
  const usable = await access(folder, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  return usable
    ? ok(about, `the folder ${folder}`)
    : failure(
        about,
        `${folder} cannot be read and written`,
        'Make it, and give the service’s account the right to read it and to move files inside it.',
      )
}

async function checkAge(sql: Sql, { prices, production }: Config): Promise<Finding[]> {
  const about = 'prices'
  const { asOf, sample, daysBehind } = await marketAge(sql)
  const says =
    asOf === null
      ? 'there are none'
      : `${sample ? 'invented ones, ' : ''}up to ${dateInIndia(new Date(asOf))}` +
        (daysBehind > 0 ? `, ${daysBehind} ${daysBehind === 1 ? 'session' : 'sessions'} behind` : '')
  const todo = `Look at the panel’s Market, Feed; import what is missing: ${page}.`
  if (!(await hasPricesToSell(sql, prices))) return [failure(about, `${says}: nothing is sold`, todo)]
  return production && (asOf === null || sample || daysBehind > 0) ? [warning(about, says, todo)] : [ok(about, says)]
}

async function checkLooks(sql: Sql, { prices, production }: Config): Promise<Finding[]> {
  const about = 'feed'
  if (prices.source === null || prices.source === 'off') return []
  const { lookedAt, errors, message } = await findFeedStatus(sql, prices.invented)
  if (errors > 0) return [warning(about, `${message} (${errors} in a row)`, `See what each answer means: ${page}.`)]
  if (production && (lookedAt === null || Date.now() - lookedAt.getTime() > looksWithinMs))
    return [
      warning(
        about,
        lookedAt === null
          ? 'has never checked for prices'
          : `has not checked for prices since ${dateTimeInIndia(lookedAt)}`,
        'Its job is not running: is a site up, with these settings?',
      ),
    ]
  return [ok(about, lookedAt === null ? 'has not checked yet' : `last checked at ${dateTimeInIndia(lookedAt)}`)]
}

async function checkCalendar(sql: Sql, { production }: Config): Promise<Finding[]> {
  const about = 'calendar'
  const today = dayInIndia(new Date())
  const flaws = (await findCalendarFlaws(sql, today)).filter(({ year }) => year >= yearOf(today))
  if (flaws.length === 0 || !production) return [ok(about, flaws[0]?.title ?? 'this year’s looks complete')]
  return flaws.map(({ title, text }) =>
    warning(about, `${title}: ${text}`, 'Import NSE’s list of holidays: the panel’s Market, Calendar.'),
  )
}
