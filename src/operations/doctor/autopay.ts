import { cashfree } from '../../billing/payments/cashfree.ts'
import { GatewayRefused, isGatewayFailure } from '../../billing/payments/gateway.ts'
import type { MandateGateway } from '../../billing/payments/mandate-gateway.ts'
import { connect } from '../../platform/db.ts'
import { paise, rupees } from '../../platform/money.ts'
import type { DoctorContext } from './context.ts'
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts'
import { readCeiling } from './queries.ts'

const about = 'Autopay'
const page = '“UPI Autopay” in docs/operating.md'

/**
 * UPI Autopay, where it is switched on: whether Cashfree has activated it for the account, and whether the plan that holds the ceiling is
 * there or can be made. It is the plan that the first mandate would make; no mandate is made. Nothing where it is off.
 */
export async function checkAutopay({ config, databaseUrl, standIn }: DoctorContext): Promise<Finding[]> {
  if (!config.cashfree.autopay) return []
  const { mandates } = cashfree({ ...config.cashfree, ...config.cashfree.credentials! })
  try {
    // A mandate that cannot exist: the answer shows whether the Subscriptions API is open to us, and nothing changes.
    const { status } = await mandates.fetchMandate('sub_doctor', 10_000, 'light')
    if (status !== 'ABSENT')
      return [warning(about, 'Cashfree knows a mandate that we never opened', 'Is API_BASE right?')]
    return [ok(about, 'Cashfree answers about mandates'), await plan(mandates, databaseUrl)]
  } catch (error) {
    if (!isGatewayFailure(error)) throw error
    if (standIn.cashfree) return [ok(about, 'the look-alike stands in, and runs while the site does')]
    return [refused(error)]
  }
}

async function plan(mandates: MandateGateway, databaseUrl: string): Promise<Finding> {
  const sql = connect(databaseUrl, { max: 1, name: 'etf-doctor' })
  try {
    const ceiling = await readCeiling(sql).catch(() => null)
    if (ceiling === null) return ok('Autopay’s plan', 'waits for a plan on sale')
    const planId = `autopay_v1_${ceiling}`
    await mandates.ensurePlan({ planId, name: 'Autopay', maxAmountPaise: paise(ceiling) }, 10_000)
    return ok('Autopay’s plan', `${planId} stands at Cashfree: at most ${rupees(ceiling)} a debit`)
  } catch (error) {
    if (!(error instanceof GatewayRefused) || error.code !== 'plan_differs') throw error
    return failure(
      'Autopay’s plan',
      'Cashfree has another one under our id',
      `Its ceiling or type was changed by hand: ${page}.`,
    )
  } finally {
    await sql.end({ timeout: 1 })
  }
}

function refused(error: Error): Finding {
  // Whichever call says it first.
  if (/payment_mode_invalid_for_action/.test(error instanceof GatewayRefused ? error.code : error.message))
    return failure(
      about,
      'Cashfree has not activated it for this account',
      `Ask your account manager for Subscriptions and UPI AutoPay, or set CASHFREE_SUBSCRIPTIONS=off: ${page}.`,
    )
  if (error instanceof GatewayRefused && (error.status === 401 || error.status === 403))
    return failure(about, `Cashfree refuses our keys for mandates (${error.status})`, 'See the line about Cashfree.')
  return failure(about, `cannot be asked about (${reasonOf(error)})`, `Nobody can choose it meanwhile: ${page}.`)
}
