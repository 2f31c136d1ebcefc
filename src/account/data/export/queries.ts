import type { Sql } from '../../../platform/db.ts'

/** A row as the export prints it: times as Date, amounts in paise under a name that says so. */
export type Row = Record<string, unknown>
type List = (sql: Sql, userId: string) => Promise<Row[]>

/** The account itself; the password is not there, only a hash that nobody can read it from is kept. */
export const listProfile: List = (sql, userId) => sql`
  select username, email, email_verified_at, name, phone, state_code, role, created_at, suspended_at, suspended_reason,
         consented_to, consented_at, consent_withdrawn_at
  from users
  where id = ${userId}
`

/** The company that receipts are made out to. */
export const listCompany: List = (sql, userId) => sql`
  select legal_name, address, gstin, updated_at from billing_details where user_id = ${userId}
`

export const listSubscription: List = (sql, userId) => sql`
  select status_by_now(s) as status, is_paid, running_plan(s) as plan, current_period_start, current_period_end, anchor_day,
         next_plan, cancel_requested_at, cancel_reason, cancel_comment
  from subscriptions s
  where user_id = ${userId}
`

/** Without what opens them: their secrets are not even stored. */
export const listSessions: List = (sql, userId) => sql`
  select created_at, last_seen_at, expires_at, user_agent as browser, network
  from sessions
  where user_id = ${userId}
  order by created_at
`

export const listKnownBrowsers: List = (sql, userId) => sql`
  select created_at, last_used_at from known_devices where user_id = ${userId} order by created_at
`

/** Without the keys: only their hashes are stored. */
export const listApiKeys: List = (sql, userId) => sql`
  select name, ending, created_at, last_used_on::text as last_used_on
  from api_keys
  where user_id = ${userId}
  order by created_at
`

export const listEmailTokens: List = (sql, userId) => sql`
  select purpose, email, created_at, expires_at, used_at from account_links where user_id = ${userId} order by created_at
`

export const listSecondFactor: List = (sql, userId) => sql`
  select created_at, enrolled_at from second_factors where user_id = ${userId}
`

/** Without the manage link, which opens it. */
export const listReportChoices: List = (sql, userId) => sql`
  select cadence, weekday, minute, ranks, heat, map, excess, starred, next_due_at, created_at, updated_at
  from report_choices
  where user_id = ${userId}
`

/** Which site or campaign the registration came from, for 90 days. */
export const listRegistrationSource: List = (sql, userId) => sql`
  select source, registered_at from registration_sources where user_id = ${userId}
`

/** Without the link in the mails, which stops them. */
export const listAlertChoices: List = (sql, userId) => sql`
  select c.is_on, c.step, c.scope, c.quadrant, c.top, c.mansfield, c.high, c.quiet_from, c.quiet_until,
         (select coalesce(jsonb_agg(s.symbol order by s.symbol), '[]') from alert_sectors s where s.user_id = c.user_id) as sectors,
         c.created_at, c.updated_at
  from alert_choices c
  where c.user_id = ${userId}
`

export const listAlertDigests: List = (sql, userId) => sql`
  select issue::text as issue, changes, created_at from alert_digests where user_id = ${userId} order by issue
`

export const listDashboardVisits: List = (sql, userId) => sql`
  select seen::text as session_seen, since::text as session_before from dashboard_visits where user_id = ${userId}
`

/** The watch-list. */
export const listStars: List = (sql, userId) => sql`
  select s.symbol, i.name, s.created_at
  from stars s
  join instruments i using (symbol)
  where s.user_id = ${userId}
  order by s.created_at, s.symbol
`

export const listComplaints: List = (sql, userId) => sql`
  select number, received_at, reference, text, answered_at, answer from complaints where user_id = ${userId} order by id
`

/** What our administrators noted about the person: data about them as any other. Who wrote it is data about somebody else. */
export const listNotes: List = (sql, userId) => sql`
  select written_at, text from person_notes where user_id = ${userId} order by written_at, id
`

export const listReminders: List = (sql, userId) => sql`
  select ladder, about, step, plan_name as plan, queued_at, opened_at, paid_order_id as paid_order, paid_at
  from reminders where user_id = ${userId} order by id
`

export const listOrders: List = (sql, userId) => sql`
  select id, cf_order_id as cashfree_order, plan_key as plan, purpose, amount_paise, discount_paise, credit_paise,
         (select coupon_code from coupon_claims c where c.order_id = orders.id) as coupon, currency, company, status, created_at, expires_at,
         paid_at, closed_at
  from orders
  where user_id = ${userId}
  order by created_at
`

/** What they agreed to be debited for; the address that they pay from is masked, as we have it. */
export const listMandates: List = (sql, userId) => sql`
  select subscription_id as mandate, umn as reference, payer_address, max_paise, authorisation_paise, first_order_id as "order", status,
         consent_version, consent_text, created_at, authorised_at, expires_at, cancel_asked_at, ended_at, ended_by
  from mandates
  where user_id = ${userId}
  order by created_at
`

export const listMandateCharges: List = (sql, userId) => sql`
  select c.payment_id as "order", m.subscription_id as mandate, c.paise as amount_paise, c.scheduled_on::text as scheduled_on, c.status,
         c.retries, c.failure_reason, c.created_at, c.raised_at, c.noticed_at, c.final_at
  from mandates m
  join mandate_charges c on c.mandate_id = m.id
  where m.user_id = ${userId}
  order by c.created_at
`

/** What a change of plan credited of the periods that it ended. */
export const listCredits: List = (sql, userId) => sql`
  select c.order_id as "order", p.order_id as "credited_order", p.starts_at, p.ends_at, c.unused_days, c.credit_paise
  from orders o
  join order_credits c on c.order_id = o.id
  join subscription_periods p on p.id = c.period_id
  where o.user_id = ${userId}
  order by o.created_at, p.starts_at
`

/** Gifts that somebody paid for, and those they redeemed: of these without what is the giver's. */
export const listGifts: List = (sql, userId) => sql`
  select case when buyer_id = ${userId} then order_id end as "order", plan_key as plan,
         case when buyer_id = ${userId} then recipient_name end as recipient_name,
         case when buyer_id = ${userId} then recipient_email end as recipient_email, message, deliver_on::text as deliver_on,
         paid_at, redeemed_at, redeemed_by = ${userId} as redeemed_by_you, voided_at
  from gifts
  where buyer_id = ${userId} or redeemed_by = ${userId}
  order by created_at
`

export const listPayments: List = (sql, userId) => sql`
  select p.cf_payment_id as payment, p.order_id as "order", p.status, p.amount_paise, p.currency, p.method,
         p.bank_reference, p.failure_reason, p.started_at, p.completed_at, p.applied_at
  from orders o
  join payments p on p.order_id = o.id
  where o.user_id = ${userId}
  order by coalesce(p.started_at, p.created_at)
`

export const listPeriods: List = (sql, userId) => sql`
  select order_id as "order", plan_key as plan, starts_at, ends_at, grant_reason as granted_because,
         voided_at as ended_early_at, void_reason as ended_because, created_at
  from subscription_periods
  where user_id = ${userId}
  order by starts_at
`

export const listReceipts: List = (sql, userId) => sql`
  select number, order_id as "order", issued_at, amount_paise, taxable_paise, cgst_paise, sgst_paise, igst_paise,
         round_off_paise, buyer, plan_title as plan, sold_from, sold_until, discount_paise, credit_paise, replaces
  from receipts
  where user_id = ${userId}
  order by issued_at
`

export const listRefunds: List = (sql, userId) => sql`
  select id as refund, order_id as "order", cf_payment_id as payment, amount_paise, reason, status, bank_reference,
         created_at, finished_at
  from refunds
  where user_id = ${userId}
  order by created_at
`

/** Without what Cashfree wrote to us about it. */
export const listDisputes: List = (sql, userId) => sql`
  select id as dispute, order_id as "order", cf_payment_id as payment, type as kind, status, amount_paise, reason, opened_at,
         closed_at
  from disputes
  where user_id = ${userId}
  order by opened_at
`

export const listCreditNotes: List = (sql, userId) => sql`
  select number, kind, refund_id as refund, receipt_number as receipt, issued_at, amount_paise, taxable_paise, cgst_paise,
         sgst_paise, igst_paise, round_off_paise, buyer
  from credit_notes
  where user_id = ${userId}
  order by issued_at
`

export const listMails: List = (sql, userId) => sql`
  select kind, to_email as "to", status, created_at, sent_at from mails where user_id = ${userId} order by id
`

/** That mails to their address bounced or were called spam, as the mail provider reported; for 90 days. */
export const listMailReports: List = (sql, userId) => sql`
  select n.kind as event, n.email as "to", n.reason, n.received_at, s.since as suppressed_since
  from users u
  join mail_notifications n on n.email = lower(u.email)
  left join mail_suppressions s on s.email = n.email
  where u.id = ${userId}
  order by n.id
`

/** That Cashfree reported something about their orders; what it said is in orders, payments and refunds. */
export const listDeliveries: List = (sql, userId) => sql`
  select e.order_id as "order", e.type, e.received_at
  from (
    select id from orders where user_id = ${userId}
    union all select subscription_id from mandates where user_id = ${userId}
  ) about
  join webhook_events e on e.order_id = about.id
  order by e.id
`

export const listIncidents: List = (sql, userId) => sql`
  select i.order_id as "order", i.kind, i.opened_at, i.resolved_at
  from orders o
  join incidents i on i.order_id = o.id
  where o.user_id = ${userId}
  order by i.id
`

/**
 * What was done about their account, by whom in general; addresses and browsers only where it was they themselves. A
 * thousand at a time, the first after the given id.
 */
export async function listAudit(sql: Sql, userId: string, after: number): Promise<(Row & { id: number })[]> {
  return sql<(Row & { id: number })[]>`
    select id, at, action, order_id as "order",
           case when actor = 'user:' || user_id then 'you' when actor like 'user:%' then 'an administrator' else actor end as by,
           details, case when actor = 'user:' || user_id then origin end as origin
    from audit
    where user_id = ${userId} and id > ${after}
    order by id
    limit 1000
  `
}
