import { istTime } from '../clock.ts'
import type { SandboxContext } from '../context.ts'
import { newToken, nextCfId } from '../ids.ts'
import type { Mandate, Plan } from '../mandate-model.ts'
import { type Fields, objectAt, optionalText, optionalUrl, paise, tagsAt, text } from './fields.ts'
import { invalid, Refusal, refusals } from './refusal.ts'

const INTERVALS = ['DAY', 'WEEK', 'MONTH', 'YEAR']
const METHODS = ['enach', 'pnach', 'upi', 'card']
const IST_OFFSET_MS = 5.5 * 3_600_000
/** Without a time of its own a mandate stands for as long as anybody will ask. */
const FAR_FUTURE = Date.parse('2100-01-01T00:00:00+05:30')

/** Reads the body of Create Plan; refuses as Cashfree does. */
export function readPlan(fields: Fields): Plan {
  const id = text(fields, 'plan_id', { max: 40, pattern: /^[A-Za-z0-9._-]+$/ })
  return { ...readTerms(fields, ''), id }
}

/** Reads the body of Create Subscription into a mandate that nobody has stored yet; refuses as Cashfree does. */
export function readMandate(context: SandboxContext, fields: Fields): Mandate {
  const now = context.clock.now()
  const meta = objectAt(fields, 'subscription_meta')
  const plan = planOf(context, fields)
  return {
    id: text(fields, 'subscription_id', { max: 250, pattern: /^[A-Za-z0-9_.\- ]+$/ }),
    plan,
    customer: readCustomer(fields),
    authorisation: readAuthorisation(fields, plan),
    returnUrl: optionalUrl(meta, 'return_url', 'subscription_meta.return_url'),
    note: optionalText(fields, 'subscription_note'),
    tags: tagsAt(fields, 'subscription_tags'),
    expiresAt: readExpiry(fields, now),
    cfId: nextCfId(context),
    token: newToken(),
    status: 'INITIALIZED',
    createdAt: now,
    bankDecidesAt: null,
    inApp: 'active',
    heardAt: null,
    script: { debits: 'ok', times: null },
    charges: [],
  }
}

/** A plan of its own, or one that was created before. */
function planOf(context: SandboxContext, fields: Fields): Plan {
  if (fields.plan_details === undefined) throw refusals.missing('plan_details')
  const wanted = objectAt(fields, 'plan_details')
  const id = optionalText(wanted, 'plan_id', { path: 'plan_details.plan_id', max: 40 })
  if (id === null) return { ...readTerms(wanted, 'plan_details.'), id: `plan_${nextCfId(context)}` }
  const plan = context.ledger.plans.get(id)
  if (!plan) throw new Refusal(404, 'plan_not_found', 'Plan does not exist')
  return { ...plan }
}

function readTerms(fields: Fields, path: '' | 'plan_details.'): Omit<Plan, 'id'> {
  const type = text(fields, 'plan_type', { path: `${path}plan_type` })
  if (type !== 'PERIODIC' && type !== 'ON_DEMAND') throw invalid(`${path}plan_type`, 'is not valid.', type)
  const isPeriodic = type === 'PERIODIC'
  const currency = optionalText(fields, 'plan_currency') ?? 'INR'
  if (currency !== 'INR') throw invalid(`${path}plan_currency`, 'is not valid or not enabled.', currency)
  // An inline plan calls the amount of a cycle by another name.
  const recurring = path === '' ? 'plan_recurring_amount' : 'plan_amount'
  const maxAmountPaise = paise(fields, 'plan_max_amount', { path: `${path}plan_max_amount` })
  const recurringPaise = isPeriodic ? paise(fields, recurring, { path: `${path}${recurring}` }) : null
  if (recurringPaise !== null && recurringPaise > maxAmountPaise) throw refusals.amountInvalid(`${path}${recurring}`)
  const intervalType = isPeriodic ? text(fields, 'plan_interval_type', { path: `${path}plan_interval_type` }) : null
  if (intervalType !== null && !INTERVALS.includes(intervalType)) {
    throw invalid(`${path}plan_interval_type`, 'is not valid.', intervalType)
  }
  return {
    name: text(fields, 'plan_name', { path: `${path}plan_name`, max: 40 }),
    type,
    maxAmountPaise,
    recurringPaise,
    intervals: isPeriodic ? (wholeNumber(fields, 'plan_intervals') ?? 1) : null,
    intervalType,
    maxCycles: wholeNumber(fields, 'plan_max_cycles'),
    note: optionalText(fields, 'plan_note'),
  }
}

function readCustomer(fields: Fields): Mandate['customer'] {
  if (fields.customer_details === undefined) throw refusals.missing('customer_details')
  const customer = objectAt(fields, 'customer_details')
  const at = (name: string) => `customer_details.${name}`
  return {
    email: text(customer, 'customer_email', { path: at('customer_email'), min: 3, max: 100, pattern: /@/ }),
    phone: text(customer, 'customer_phone', { path: at('customer_phone'), pattern: /^\d{10}$/ }),
    name: optionalText(customer, 'customer_name', { path: at('customer_name'), max: 100 }),
  }
}

function readAuthorisation(fields: Fields, plan: Plan): Mandate['authorisation'] {
  const wanted = objectAt(fields, 'authorization_details')
  const path = 'authorization_details.authorization_amount'
  const asked = wanted.authorization_amount
  const amountPaise = asked === undefined ? 0 : paise(wanted, 'authorization_amount', { path, min: 0 })
  if (amountPaise > plan.maxAmountPaise) throw invalid(path, 'should not exceed plan_max_amount.', asked)
  const methods = wanted.payment_methods ?? ['upi']
  if (!Array.isArray(methods) || !methods.every((method) => METHODS.includes(method))) {
    throw invalid('authorization_details.payment_methods', 'is not valid.', methods)
  }
  // UPI cannot authorise nothing: less than a rupee becomes one.
  return {
    amountPaise: Math.max(100, amountPaise),
    refund: wanted.authorization_amount_refund === true,
    status: null,
    reference: null,
    at: null,
    paymentId: null,
  }
}

/** A moment ahead. One that ends in Z was seen to come back five and a half hours late; so it does here. */
function readExpiry(fields: Fields, now: number): number {
  const wanted = optionalText(fields, 'subscription_expiry_time')
  if (wanted === null) return FAR_FUTURE
  const hasOffset = /(Z|[+-]\d\d:?\d\d)$/.test(wanted)
  const moment = Date.parse(hasOffset ? wanted : `${wanted}+05:30`) + (wanted.endsWith('Z') ? IST_OFFSET_MS : 0)
  if (!(moment > now)) throw invalid('subscription_expiry_time', `should be after ${istTime(now)}.`, wanted)
  return moment
}

function wholeNumber(fields: Fields, name: string): number | null {
  const value = fields[name]
  if (value === undefined || value === null) return null
  if (!Number.isSafeInteger(value) || (value as number) < 1) throw invalid(name, 'should be a whole number.', value)
  return value as number
}
