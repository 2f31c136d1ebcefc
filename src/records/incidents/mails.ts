import { dateTimeInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { rupees } from '../../platform/money.ts'
import type { Services } from '../../platform/services.ts'
import type { Composer, Composers } from '../mails/registry.ts'
import { meaningOf } from './kinds.ts'
import { findDeadMail, findIncident } from './queries.ts'

/**
 * The alerts to the operator. What one is about stands first in its subject key: "incident:<id>", "mail:<id>", or one of
 * `others`, which slices above compose. Null when the incident was resolved or the mail sent by then.
 */
export function alertMails({ sql, config }: Services, others: Record<string, Composer>): Pick<Composers, 'alert'> {
  return {
    alert: async (mail, how) => {
      const [about, id] = mail.subjectKey.split(':') as [string, string]
      if (Object.hasOwn(others, about)) return others[about]!(mail, how)
      const alert = about === 'incident' ? await ofIncident(sql, Number(id)) : await ofDeadMail(sql, Number(id))
      return alert && { data: { alert, seller: config.seller, baseUrl: config.baseUrl } }
    },
  }
}

async function ofIncident(sql: Sql, id: number) {
  const incident = await findIncident(sql, id)
  if (!incident || incident.resolvedAt) return null
  return {
    title: `Incident: ${incident.kind}`,
    meaning: meaningOf(incident.kind),
    openedAt: incident.openedAt,
    facts: [
      ['Incident', String(incident.id)],
      ['About', incident.subjectKey],
      ['Order', incident.orderId],
      ...moneyIn(incident.details),
    ].filter((fact) => fact[1]),
  }
}

/** The amount, the reason and the deadline, where the incident has them: by these a person decides how urgent it is. */
function moneyIn({ amountPaise, reason, respondBy }: Record<string, unknown>): [string, string | null][] {
  return [
    ['Amount', typeof amountPaise === 'number' ? rupees(amountPaise) : null],
    ['Reason', typeof reason === 'string' ? reason : null],
    ['Answer by', typeof respondBy === 'string' ? dateTimeInIndia(new Date(respondBy)) : null],
  ]
}

async function ofDeadMail(sql: Sql, id: number) {
  const dead = await findDeadMail(sql, id)
  if (!dead) return null
  return {
    title: `A ${dead.kind} mail could not be delivered`,
    meaning: 'The mail server refused it for good, or it failed for three days. Look at the address and the reason.',
    openedAt: new Date(),
    facts: [
      ['Mail', String(dead.id)],
      ['About', dead.subjectKey],
      ['Attempts', String(dead.attempts)],
      ['Reason', dead.lastError],
    ].filter((fact) => fact[1]),
  }
}
