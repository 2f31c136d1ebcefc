import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { isAutopayInUse } from '../billing/mandates/in-use.ts'
import { findNextDebit, type NextDebit } from '../billing/mandates/next-debit-queries.ts'
import { listMandatesOf, type Mandate } from '../billing/mandates/queries.ts'
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
  app.addHook('preValidation', requireUserOrKey(services, count))

  app.get('/mandate', { config: reads }, async (request) => {
    const { sql, config } = services
    const { id } = request.user!
    const mandate = (await isAutopayInUse(services)) ? (await listMandatesOf(sql, id, 1))[0] : undefined
    if (mandate) return mandateJson(mandate, isStanding(mandate) ? await findNextDebit(sql, id) : undefined)
    if (!config.cashfree.autopay) throw new AppError('not-found', 'There is nothing at this address.')
    return { status: 'none', umn: null, ceiling: null, next_debit: null, ended: null }
  })
}
export default routes

function mandateJson(mandate: Mandate, next: NextDebit | undefined) {
  return {
    status: statusOf(mandate),
    umn: mandate.umn && masked(mandate.umn),
    ceiling: mandate.maxPaise / 100,
    next_debit: next && !next.isAboveCeiling ? { on: dayInIndia(next.day), amount: next.amountPaise / 100 } : null,
    ended: mandate.endedAt?.toISOString() ?? null,
  }
}

function statusOf(mandate: Mandate): 'waiting' | 'active' | 'paused' | 'ending' | 'ended' {
  if (mandate.endedAt !== null) return 'ended'
  if (mandate.cancelAskedAt !== null) return 'ending'
  if (mandate.status === 'ACTIVE') return 'active'
  return mandate.authorisedAt === null ? 'waiting' : 'paused'
}

function isStanding({ endedAt, cancelAskedAt }: Mandate): boolean {
  return endedAt === null && cancelAskedAt === null
}

/** The first four characters and the UPI handle: enough to find it in a list, not enough to act on it. */
function masked(umn: string): string {
  const [name = '', handle] = umn.split('@')
  return `${name.slice(0, 4)}…${handle === undefined ? '' : `@${handle}`}`
}
