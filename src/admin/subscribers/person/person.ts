import { isAutopayInUse } from '../../../billing/mandates/in-use.ts'
import { listMandatesOf } from '../../../billing/mandates/queries.ts'
import { mandateStateOf } from '../../../billing/mandates/state.ts'
import { listPapersOf } from '../../../billing/receipts/queries.ts'
import { listRefundsOf } from '../../../billing/refunds/queries.ts'
import { browserName } from '../../../identity/known-browsers/browser-name.ts'
import { findState } from '../../../identity/users/indian-states.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError } from '../../../platform/errors.ts'
import type { Services } from '../../../platform/services.ts'
import { findSuppression } from '../../../records/suppressions/queries.ts'
import { pageOf } from '../../listing.ts'
import { mandateStates } from '../../mandates/labels.ts'
import { listNotes } from '../notes/queries.ts'
import { explainAccess } from './access-explanation.ts'
import {
  findPerson,
  listMails,
  listOrders,
  listPeriods,
  listSessions,
  listTimeline,
  type PersonFile,
} from './queries.ts'
import { lineOf } from './timeline.ts'

/** Everything that the page of one person shows. */
export type PersonPage = Awaited<ReturnType<typeof personPage>>

const shown = 20

/** The account with this id. Throws AppError `not-found`. */
export async function personAt(sql: Sql, id: string): Promise<PersonFile> {
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
  const person = isUuid ? await findPerson(sql, id) : undefined
  if (!person) throw new AppError('not-found', 'There is no such account.')
  return person
}

/** A person with what belongs to them, the newest of each, and one page of their timeline. Throws AppError `not-found`. */
export async function personPage(services: Services, id: string, after: string | undefined) {
  const { sql } = services
  const person = await personAt(sql, id)
  const [suppression, periods, orders, mandates, receipts, refunds, mails, sessions, notes, timeline] =
    await Promise.all([
      findSuppression(sql, person.email),
      listPeriods(sql, id, shown),
      listOrders(sql, id, shown),
      mandatesOf(services, id),
      listPapersOf(sql, id, shown),
      listRefundsOf(sql, id, shown),
      listMails(sql, id, shown),
      listSessions(sql, id, shown),
      listNotes(sql, id, 100),
      pageOf(
        (cursor, limit) => listTimeline(sql, id, cursor, limit),
        ({ at, key }) => ({ at, id: key }),
        { after, filter: {} },
      ),
    ])
  return {
    person: { ...person, state: person.stateCode && (findState(person.stateCode)?.name ?? person.stateCode) },
    access: explainAccess(person, periods, orders[0]),
    periods,
    orders,
    mandates,
    receipts,
    refunds,
    mails,
    suppression: suppression ?? null,
    notes,
    sessions: sessions.map((session) => ({ ...session, browser: browserName(session.userAgent) })),
    timeline: { lines: timeline.rows.map(lineOf), next: timeline.next, first: !after },
  }
}

async function mandatesOf(services: Services, id: string) {
  const mandates = (await isAutopayInUse(services)) ? await listMandatesOf(services.sql, id, shown) : []
  return mandates.map((mandate) => ({ ...mandate, chip: mandateStates[mandateStateOf(mandate)] }))
}
