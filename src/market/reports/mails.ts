import type { Config } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { pictureOf } from '../charts/picture.ts'
import type { Analysis } from '../engine/analysis.ts'
import { freshnessOf } from '../engine/freshness.ts'
import { currentMarket, type Market } from '../engine/market.ts'
import { findStars } from '../watch-list/queries.ts'
import { describeSchedule } from './choices.ts'
import { pictureUrl } from './linked-picture.ts'
import { findReader, type ReportSettings } from './queries.ts'
import { analysisFor, chosenFrom, newestIssue, reportOf } from './report.ts'

type About = { subjectKey: string; toEmail: string }
/** A person's choice; their stars are asked for where the choice is to see those alone. */
type Wanted = ReportSettings & { userId: string }

const picture = 'rotation-map@report'

/** The composers of reports, and of the notice that one is late. */
export const reportMails = ({ sql, config }: Services): Pick<Composers, 'report' | 'report-late'> => ({
  report: (mail, how) => composeReport(sql, config, mail, how),
  'report-late': (mail, how) => composeLateReport(sql, config, mail, how),
})

/**
 * A report: of the issue it was queued for ("user:weekly:2026-11-20"), or of the newest prices for "send me one now".
 * Null when the person stopped or changed it, access ended, or the address is no longer theirs or not confirmed. Throws
 * while the prices of its issue are missing, so that it waits for them. A preview does not show the manage link.
 */
async function composeReport(sql: Sql, config: Config, mail: About, { preview = false } = {}) {
  const [userId, what, day] = mail.subjectKey.split(':') as [string, string, string]
  const reader = await findReader(sql, userId, mail.toEmail, mail.subjectKey)
  const isAsked = what === 'now'
  if (!reader || (!isAsked && reader.cadence !== what)) return null
  const link = preview ? null : reader.link
  return isAsked
    ? newestReport(sql, config, { ...reader, userId }, link)
    : reportAbout(sql, config, { ...reader, userId, link, issue: day })
}

/** A scheduled report, of exactly this issue. */
async function reportAbout(
  sql: Sql,
  config: Config,
  given: Wanted & { link: string | null; issue: string },
): Promise<Composed> {
  const market = await currentMarket(sql)
  if (market.sample || !market.benchmark?.prices.has(given.issue))
    throw new Error(`the prices of ${given.issue} were taken back after this report was queued`)
  return written(sql, config, market, given)
}

/**
 * A report of the newest prices there are, as a person sees it before choosing anything: sample prices too, labelled so.
 * Null while there are no prices. Without a `link` it says where one would be.
 */
export async function newestReport(
  sql: Sql,
  config: Config,
  wanted: Wanted,
  link: string | null,
): Promise<Composed | null> {
  const market = await currentMarket(sql)
  const issue = newestIssue(market, cadenceOf(wanted))
  return issue === null ? null : written(sql, config, market, { ...wanted, issue, link })
}

async function written(
  sql: Sql,
  config: Config,
  market: Market,
  { issue, link, ...wanted }: Wanted & { issue: string; link: string | null },
): Promise<Composed> {
  const cadence = cadenceOf(wanted)
  const whole = analysisFor(market, cadence, issue)
  if (!whole) throw new Error(`there are no prices for a report of ${issue}`)
  const stars = wanted.starred ? await findStars(sql, wanted.userId) : new Set<string>()
  const isSelection = whole.sectors.some((one) => stars.has(one.symbol))
  const analysis = chosenFrom(whole, { excess: wanted.excess, symbols: isSelection ? stars : null })
  // Who looks at one that is not sent, in the panel or before choosing, sees it attached: nothing is fetched from elsewhere there.
  const isLinked = config.mail.pictures === 'linked' && link !== null && config.sessionKeys.length > 0
  const symbols = isSelection ? analysis.sectors.map(({ symbol }) => symbol).sort() : null
  const hasPicture = wanted.map && analysis.sectors.some((one) => one.tail.length > 0)
  return {
    data: {
      report: reportOf(market, analysis, { cadence, isExcess: wanted.excess }),
      scope: wanted.starred ? scopeOf(isSelection, whole) : '',
      freshness: freshnessOf(market, new Date()),
      shows: { ranks: wanted.ranks, heat: wanted.heat, map: hasPicture },
      picture: isLinked
        ? pictureUrl(config.baseUrl, config.sessionKeys, { cadence, issue, symbols })
        : `cid:${picture}`,
      schedule: describeSchedule(wanted),
      ...links(config, link),
      dashboardUrl: `${config.baseUrl}/dashboard`,
      addressOf: (symbol: string) => `${config.baseUrl}/dashboard/sectors/${encodeURIComponent(symbol)}`,
      seller: config.seller,
    },
    ...(hasPicture && !isLinked
      ? {
          attachments: [
            {
              filename: 'sector-rotation-map.png',
              content: await pictureOf(analysis),
              contentType: 'image/png',
              cid: picture,
            },
          ],
        }
      : {}),
    headers: stopHeaders(config, link),
  }
}

/** "This week's report is late": null when it is queued by now, or the person does not wait for it any more. */
async function composeLateReport(sql: Sql, config: Config, mail: About, { preview = false } = {}) {
  const [userId, cadence, day] = mail.subjectKey.split(':') as [string, string, string]
  const reader = await findReader(sql, userId, mail.toEmail, mail.subjectKey)
  if (!reader || reader.cadence !== cadence || reader.isQueued) return null
  const link = preview ? null : reader.link
  return {
    data: {
      cadence,
      issue: new Date(`${day}T12:00:00+05:30`),
      account: { name: reader.name },
      ...links(config, link),
      seller: config.seller,
    },
    headers: stopHeaders(config, link),
  }
}

/** Which sectors a report of starred ones shows. */
function scopeOf(isSelection: boolean, { ranked }: Analysis): string {
  return isSelection
    ? `Your starred sectors; ranks are among all ${ranked}.`
    : 'You have starred no sector, so all of them are here.'
}

function cadenceOf({ cadence }: Pick<ReportSettings, 'cadence'>): 'weekly' | 'daily' {
  return cadence === 'daily' ? 'daily' : 'weekly'
}

function links({ baseUrl }: Config, link: string | null) {
  return { manageUrl: `${baseUrl}/reports/${link ?? '(hidden)'}` }
}

/** RFC 8058: one POST to this address ends the reports, by the mail program's own button. No mailto: nobody would read it. */
function stopHeaders({ baseUrl }: Config, link: string | null): Record<string, string> {
  if (link === null) return {}
  return {
    'List-Unsubscribe': `<${baseUrl}/reports/${link}/stop>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  }
}
