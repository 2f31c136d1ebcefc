import { dateTimeInIndia } from '../../platform/dates.ts'
import { meaningOf } from '../../records/incidents/kinds.ts'
import { incidentTitle } from '../incidents/labels.ts'
import { queryOf } from '../listing.ts'
import { ageLabel } from './labels.ts'
import { isStale, type MarketAge, marketAgeLabel } from './market-age.ts'
import type { Now, Waiting } from './queries.ts'

/** Something a person has to do or to know, with the list where it is done. `age` is of the oldest. */
export type AttentionItem = {
  title: string
  text: string
  count: number | null
  age: string
  href: string
  tone: 'bad' | 'warn'
}

/** What needs an administrator's attention, the gravest first; empty when nothing does. */
export function attentionItems(now: Now, market: MarketAge, isOnSale: boolean): AttentionItem[] {
  const line = (
    tone: AttentionItem['tone'],
    title: string,
    text: string,
    { count, ageS }: Waiting,
    href: string,
  ): AttentionItem[] => (count > 0 ? [{ tone, title, text, count, age: ageLabel(ageS), href }] : [])
  return [
    ...(isOnSale ? [] : [checkoutClosed(market)]),
    ...line(
      'bad',
      'Paid, not yet granted',
      'Cashfree says paid. It is asked again until the payment can be read.',
      now.notGranted,
      '/admin/orders?status=active',
    ),
    ...line(
      'bad',
      'Orders held',
      'Something did not match, so nothing was granted.',
      now.held,
      '/admin/orders?held=yes',
    ),
    ...disputes(now.disputes),
    ...incidentsToList(now).flatMap((incident) =>
      line(
        'bad',
        incidentTitle(incident.kind),
        meaningOf(incident.kind),
        incident,
        `/admin/incidents${queryOf({ kind: incident.kind })}`,
      ),
    ),
    ...integrity(
      now.integrity,
      now.incidents.some(({ kind }) => kind === 'books-broken'),
    ),
    ...now.jobs.map(
      ({ name, error, ageS }): AttentionItem => ({
        tone: 'warn',
        title: error === null ? `Job ${name} is late` : `Job ${name} failed`,
        text: error ?? 'It has missed three runs. Is a worker running?',
        count: null,
        age: ageLabel(ageS),
        href: '/admin/jobs',
      }),
    ),
    ...late(now.deliveries, 60, (waiting) =>
      line(
        'warn',
        'Webhooks waiting',
        'Accepted and not settled yet, for more than a minute.',
        waiting,
        '/admin/webhooks?accepted=waiting',
      ),
    ),
    ...(isOnSale ? prices(market) : []),
    ...line(
      'warn',
      'Refunds stuck',
      'Cashfree cannot be reached, or has taken more than ten days.',
      now.refundsStuck,
      '/admin/refunds?status=open',
    ),
    ...line(
      (now.complaints.ageS ?? 0) > 23 * 86_400 ? 'bad' : 'warn',
      'Complaints to answer',
      'By law, each within 30 days.',
      now.complaints,
      '/admin/complaints',
    ),
    ...mailsPaused(now.mailsPausedS),
    ...late(now.mails, 15 * 60, (waiting) =>
      line('warn', 'Mails waiting', 'The oldest for more than 15 minutes.', waiting, '/admin/mails?status=queued'),
    ),
    ...line(
      'warn',
      'Mails not delivered',
      'In the last 14 days. These people did not get their mail.',
      now.deadMails,
      '/admin/mails?status=dead',
    ),
  ]
}

/** Disputes are listed by their deadline; their incidents would say the same again. */
function disputes({ count, nextBy, nextInS }: Now['disputes']): AttentionItem[] {
  if (count === 0) return []
  const when =
    nextBy === null
      ? 'Cashfree gave no deadline.'
      : nextInS! < 0
        ? `The deadline of ${dateTimeInIndia(new Date(nextBy))} has passed.`
        : `The next answer is due ${dateTimeInIndia(new Date(nextBy))}, in ${ageLabel(nextInS)}.`
  const text = `${when} Without an answer in Cashfree’s dashboard the money is lost.`
  return [{ tone: 'bad', title: 'Disputes to answer', text, count, age: '', href: '/admin/disputes' }]
}

function incidentsToList({ incidents, disputes }: Now): Now['incidents'] {
  return incidents.filter(({ kind }) => disputes.count === 0 || !/^dispute-(opened|unclear)$/.test(kind))
}

function late(waiting: Waiting, afterS: number, item: (waiting: Waiting) => AttentionItem[]): AttentionItem[] {
  return (waiting.ageS ?? 0) > afterS ? item(waiting) : []
}

/** A pause of seconds is how a rate that is too high is met; one of minutes is news. */
function mailsPaused(ageS: number | null): AttentionItem[] {
  if (ageS === null || ageS < 60) return []
  const text = 'The mail server refuses us or cannot be reached, so all mails wait. One tries again from time to time.'
  return [{ tone: 'bad', title: 'Mails are paused', text, count: null, age: ageLabel(ageS), href: '/admin/mails' }]
}

/** The last integrity check. Broken invariants are left out where an open incident is about them. */
function integrity(check: Now['integrity'], hasIncident: boolean): AttentionItem[] {
  if (!check) return []
  const item = { count: null, age: ageLabel(check.ageS), href: '/admin/jobs' }
  if (check.broken > 0 && !hasIncident)
    return [
      {
        ...item,
        tone: 'bad',
        title: 'The records do not agree',
        text: `${check.broken} of the checks found a problem. Run \`npm run invariants\`.`,
      },
    ]
  if (check.ageS > 26 * 3600)
    return [{ ...item, tone: 'warn', title: 'The records were not checked today', text: 'The nightly check is late.' }]
  return []
}

/** Nobody can subscribe: see hasPricesToSell. */
function checkoutClosed(market: MarketAge): AttentionItem {
  const isOld = market.asOf !== null && !market.sample
  const age = market.sample ? 'are an invented sample' : isOld ? `go ${marketAgeLabel(market)}` : 'are missing'
  const text = `Prices ${age}, so nobody can subscribe. It reopens by itself once the latest prices are in.`
  return {
    tone: 'bad',
    title: `Checkout is closed: ${isOld ? 'old' : 'no'} prices`,
    text,
    count: null,
    age: '',
    href: '/admin/market',
  }
}

/** Real prices only: the demo's invented ones end where they end. */
function prices(market: MarketAge): AttentionItem[] {
  if (market.sample || !isStale(market)) return []
  const text = `Market data ${marketAgeLabel(market)}. Import what is missing.`
  return [{ tone: 'warn', title: 'Prices are old', text, count: null, age: '', href: '/admin/market' }]
}
