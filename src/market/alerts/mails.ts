import type { Config } from '../../platform/config.ts'
import type { Sql } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { weekGoesOn } from '../calendar/trading-calendar.ts'
import { describeChange, headlineOf } from '../changes/describe.ts'
import { standingsAt } from '../changes/standings.ts'
import { currentMarket, type Market } from '../engine/market.ts'
import { sourceOf } from '../engine/summary.ts'
import { type Digest, findDigest } from './queries.ts'
import { fingerprintOf } from './states.ts'

/** The composer of digests. */
export const sectorAlertMails = ({ sql, config }: Services): Pick<Composers, 'sector-alert'> => ({
  'sector-alert': (mail, how) => composeDigest(sql, config, mail, how),
})

/**
 * A digest ("user:2026-11-20"). Null when alerts were stopped, access ended, the address is no longer theirs or not confirmed, and
 * when the prices it was made of are no longer those of its session: what changed is then compared again after the next.
 */
async function composeDigest(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string; toEmail: string },
  { preview = false } = {},
): Promise<Composed | null> {
  const [userId, issue] = mail.subjectKey.split(':') as [string, string]
  const digest = await findDigest(sql, { userId, issue, email: mail.toEmail })
  if (!digest) return null
  const market = await currentMarket(sql)
  return isStillSo(market, issue, digest)
    ? written(config, market, digest, { issue, link: preview ? null : digest.link })
    : null
}

function isStillSo(market: Market, issue: string, { step, fingerprint }: Digest): boolean {
  const standings = market.sample ? null : standingsAt(market, step, issue)
  return standings !== null && fingerprintOf(market.benchmark!.symbol, standings) === fingerprint
}

function written(
  { baseUrl, seller }: Config,
  market: Market,
  digest: Digest,
  { issue, link }: { issue: string; link: string | null },
): Composed {
  const names = new Map(market.shown.map(({ symbol, name }) => [symbol, name]))
  const changes = digest.changes.map((change) => ({
    ...describeChange(change, names.get(change.symbol) ?? change.symbol),
    url: `${baseUrl}/dashboard/sectors/${encodeURIComponent(change.symbol)}`,
  }))
  const stopUrl = `${baseUrl}/alerts/${link ?? '(hidden)'}`
  return {
    data: {
      account: { name: digest.name },
      headline: headlineOf(changes),
      changes,
      asOf: noonOf(issue),
      since: digest.fromIssue === null ? null : noonOf(digest.fromIssue),
      step: digest.step,
      isWeekOver: !weekGoesOn(issue, market.calendar),
      source: sourceOf(market),
      dashboardUrl: `${baseUrl}/dashboard`,
      settingsUrl: `${baseUrl}/account/alerts`,
      stopUrl,
      seller,
    },
    headers:
      link === null
        ? {}
        : { 'List-Unsubscribe': `<${stopUrl}/stop>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
  }
}

/** Noon in India, so that it is this day in any time zone nearby. */
function noonOf(day: string): Date {
  return new Date(`${day}T12:00:00+05:30`)
}
