import type { Config } from '../../platform/config.ts'
import { dateTimeInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { rupees } from '../../platform/money.ts'
import type { Composed } from '../mails/mails.ts'
import { meanings } from './incidents.ts'
import { findDeadMail, findIncident } from './queries.ts'

/** What the operator's alert says; null when the incident was resolved or the mail sent meanwhile. */
export async function composeAlertMail(
  sql: Sql,
  config: Config,
  mail: { subjectKey: string },
): Promise<Composed | null> {
  const [what, id] = mail.subjectKey.split(':')
  const alert = what === 'incident' ? await ofIncident(sql, Number(id)) : await ofDeadMail(sql, Number(id))
  return alert && { template: 'alert', data: { alert, seller: config.seller, baseUrl: config.baseUrl } }
}

async function ofIncident(sql: Sql, id: number) {
  const incident = await findIncident(sql, id)
  if (!incident || incident.resolvedAt) return null
  return {
    title: `Incident: ${incident.kind}`,
    meaning: meanings[incident.kind] ?? 'Something did not agree.',
    openedAt: incident.openedAt,
    facts: [
      ['Incident', String(incident.id)],
      ['About', incident.subjectKey],
      ['Order', incident.orderId],
      ...moneyIn(incident.details),
    ].filter((fact) => fact[1]),
  }
}

/** How much it is about, why and until when, where the incident says so: what a person decides by, before they log in. */
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
