import { startAuthorisation } from '../authorisations.ts'
import { cancelCharge, raiseCharge } from '../charges.ts'
import type { SandboxContext } from '../context.ts'
import { scheduledDay, scheduleRefusal } from '../debit-times.ts'
import { cfId } from '../entities.ts'
import { chargeEntity } from '../mandate-entities.ts'
import type { Charge, Mandate } from '../mandate-model.ts'
import { mandateOfSession } from '../mandate-sessions.ts'
import { Rupees } from '../money.ts'
import type { Call, Endpoint } from './authentication.ts'
import { type Fields, objectAt, optionalText, paise, text } from './fields.ts'
import { mandateOf } from './mandate-routes.ts'
import { invalid, Refusal, refusals } from './refusal.ts'

/** Authorise, charge, list, read and call off. */
export function chargeEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'charges.create',
      method: 'POST',
      path: '/subscriptions/pay',
      handle: ({ fields }) => pay(context, fields),
    },
    {
      name: 'charges.list',
      method: 'GET',
      path: '/subscriptions/:subscriptionId/payments',
      handle(call) {
        const mandate = mandateOf(context, call)
        const entities = mandate.charges.toReversed().map((charge) => shown(context, mandate, charge, 'charges.list'))
        const foreign = entities.length > 0 && context.faults.take('foreignCharge', 'charges.list')
        if (foreign) entities[0]!.subscription_id = foreign.subscriptionId ?? `${mandate.id}_other`
        return entities
      },
    },
    {
      name: 'charges.get',
      method: 'GET',
      path: '/subscriptions/:subscriptionId/payments/:paymentId',
      handle(call) {
        const mandate = mandateOf(context, call)
        return shown(context, mandate, chargeOf(mandate, call), 'charges.get')
      },
    },
    {
      name: 'charges.manage',
      method: 'POST',
      path: '/subscriptions/:subscriptionId/payments/:paymentId/manage',
      handle(call) {
        const mandate = mandateOf(context, call)
        const charge = chargeOf(mandate, call)
        const action = text(call.fields, 'action')
        // RETRY is for periodic plans: a charge on demand is raised anew.
        if (action === 'RETRY') throw refusals.notForThis()
        if (action !== 'CANCEL') throw invalid('action', 'is not valid.', action)
        if (charge.type === 'AUTH' || charge.status !== 'INITIALIZED') {
          throw new Refusal(400, 'payment_status_invalid', `Payment in ${charge.status} state cannot be cancelled`)
        }
        cancelCharge(context, charge)
        return chargeEntity(context, mandate, charge)
      },
    },
  ]
}

/** The charge of the path, by the merchant's payment id. */
function chargeOf(mandate: Mandate, { params }: Call): Charge {
  const charge = mandate.charges.find(({ id }) => id === params.paymentId)
  if (!charge) throw refusals.chargeNotFound()
  return charge
}

function pay(context: SandboxContext, fields: Fields) {
  if (!context.settings.subscriptionsActive) throw refusals.notForThis()
  const mandate = context.ledger.mandates.get(text(fields, 'subscription_id'))
  if (!mandate) throw refusals.mandateNotFound()
  const paymentId = text(fields, 'payment_id', { pattern: /^[A-Za-z0-9_.-]+$/ })
  const type = text(fields, 'payment_type')
  if (type !== 'AUTH' && type !== 'CHARGE') throw new Refusal(400, 'invalid_payment_type', 'Invalid payment type')
  // Unique per merchant, whatever became of the first.
  if (context.ledger.charges.has(paymentId)) throw refusals.alreadyThere('payment')
  return type === 'AUTH' ? authorise(context, mandate, paymentId, fields) : charge(context, mandate, paymentId, fields)
}

function charge(context: SandboxContext, mandate: Mandate, id: string, fields: Fields) {
  const amountPaise = paise(fields, 'payment_amount')
  const wanted = text(fields, 'payment_schedule_date')
  const scheduledOn = scheduledDay(wanted)
  if (scheduledOn === null) throw invalid('payment_schedule_date', 'is not a date.', wanted)
  const refusal = scheduleRefusal(context.clock.now(), scheduledOn)
  if (refusal !== null) throw invalid('payment_schedule_date', refusal, wanted)
  if (mandate.status !== 'ACTIVE') throw refusals.mandateInactive()
  if (amountPaise > mandate.plan.maxAmountPaise) {
    throw invalid('payment_amount', 'should not exceed plan_max_amount.', fields.payment_amount)
  }
  const remarks = optionalText(fields, 'payment_remarks')
  return accepted(context, mandate, raiseCharge(context, mandate, { id, amountPaise, scheduledOn, remarks }))
}

/** A link of the merchant's own making leads to the same page as the hosted checkout. */
function authorise(context: SandboxContext, mandate: Mandate, id: string, fields: Fields) {
  const session = text(fields, 'subscription_session_id')
  const known = mandateOfSession(context, session)
  if (known !== mandate) {
    throw new Refusal(400, 'subscription_session_id_invalid', 'subscription_session_id is expired or invalid')
  }
  if (mandate.status !== 'INITIALIZED') throw refusals.notForThis()
  const upi = objectAt(objectAt(fields, 'payment_method'), 'upi', 'payment_method.upi')
  const channel = text(upi, 'channel', { path: 'payment_method.upi.channel' })
  if (channel !== 'link' && channel !== 'qrcode') throw refusals.notForThis()
  const url = `${context.publicUrl}/pg/view/mandates/${mandate.token}`
  const payload =
    channel === 'qrcode'
      ? { qrData: url }
      : {
          paymentType: 'UPI',
          upiIntentData: { androidAuthAppLinks: { DEFAULT: url }, iosAuthAppLinks: { DEFAULT: url } },
        }
  return {
    ...accepted(context, mandate, startAuthorisation(context, mandate, id)),
    action: 'custom',
    channel,
    data: { url, payload, content_type: 'application/json', method: 'post' },
    payment_method: 'upi',
  }
}

/** Accepted, not paid. */
function accepted(context: SandboxContext, mandate: Mandate, made: Charge) {
  return {
    action: null as string | null,
    cf_payment_id: cfId(context, made.cfId),
    channel: null as string | null,
    data: null as object | null,
    payment_amount: new Rupees(made.amountPaise),
    payment_id: made.id,
    payment_method: null as string | null,
    payment_status: made.status,
    payment_type: made.type,
    subscription_id: mandate.id,
  }
}

function shown(context: SandboxContext, mandate: Mandate, charge: Charge, endpoint: string) {
  const entity = chargeEntity(context, mandate, charge)
  const amount = context.faults.take('wrongChargeAmount', endpoint)
  if (amount) entity.payment_amount = new Rupees(charge.amountPaise + (amount.paise ?? 100))
  if (charge.status !== 'SUCCESS' && context.faults.take('unknownEnums', endpoint)) {
    entity.payment_status = 'UNDER_REVIEW'
  }
  // Named by events alone; an answer that names another one is worth a refusal.
  return context.faults.take('wrongChargeCurrency', endpoint) ? { ...entity, payment_currency: 'USD' } : entity
}
