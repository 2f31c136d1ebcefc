import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { isAutopayInUse } from '../billing/mandates/in-use.ts'
import { maskedUmn } from '../billing/mandates/masked-umn.ts'
import { findNextDebit, type NextDebit } from '../billing/mandates/next-debit-queries.ts'
import { isCurrent } from '../billing/mandates/offer.ts'
import { listMandatesOf, type Mandate } from '../billing/mandates/queries.ts'
import { mandateStateOf } from '../billing/mandates/state.ts'
import { requireUserOrKey } from '../identity/api-keys/guards.ts'
import { dayInIndia } from '../platform/dates.ts'
import { AppError } from '../platform/errors.ts'
import type { Services } from '../platform/services.ts'
import type { RateCounter } from '../web/rate-limits.ts'

/** A person's own Autopay as JSON: with the cookie of a session or a read-only key. */
const routes: FastifyPluginAsyncTypebox<{ services: Services; reads: object; count: RateCounter }> = async (
  app,
  { services, reads, count },
) => {
  const { sql } = services
  // Before anybody is asked who they are: where it is off, a key is answered like no key.
  app.addHook('preValidation', async () => {
    if (!(await isAutopayInUse(services))) throw new AppError('not-found', 'There is nothing at this address.')
  })
  app.addHook('preValidation', requireUserOrKey(services, count))

  app.get('/mandate', { config: reads }, async (request) => {
    const { id } = request.user!
    const [mandate] = await listMandatesOf(sql, id, 1)
    if (mandate) return mandateJson(mandate, isCurrent(mandate) ? await findNextDebit(sql, id) : undefined)
    return { status: 'none', umn: null, ceiling: null, next_debit: null, ended: null }
  })
}
export default routes

function mandateJson(mandate: Mandate, next: NextDebit | undefined) {
  return {
    status: mandateStateOf(mandate),
    umn: maskedUmn(mandate.umn),
    ceiling: mandate.maxPaise / 100,
    next_debit: next && !next.isAboveCeiling ? { on: dayInIndia(next.day), amount: next.amountPaise / 100 } : null,
    ended: mandate.endedAt?.toISOString() ?? null,
  }
}
