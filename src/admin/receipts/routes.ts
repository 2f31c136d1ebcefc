import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { checkCompany, companyFields, companyForm } from '../../billing/company-details/company.ts'
import { correctReceipt } from '../../billing/receipts/correction.ts'
import { numberBeforeReading } from '../../billing/receipts/numbering.ts'
import { type Paper, paperOfReceipt } from '../../billing/receipts/paper.ts'
import { findReceiptRow } from '../../billing/receipts/queries.ts'
import { confirmIdentity, identityFields } from '../../identity/second-factor/reauthentication.ts'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { findState, indianStates } from '../../identity/users/indian-states.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { sendCsv } from '../csv-routes.ts'
import { spanOfDays } from '../days.ts'
import { allOf, filterOf, type List, type ListPage, listPage } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { columns } from './columns.ts'
import { gstr1Files } from './gstr1.ts'
import { inTurns, zipOf } from './month-file.ts'
import { allPapers, listMonths, listTaxPapers, type Month, sumByKind, sumByState, type TaxPaper } from './queries.ts'
import { tallyFile } from './tally.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/receipts/list': {
      list: ListPage<TaxPaper>
      months: { value: string; label: string }[]
      month: { value: string; label: string }
      kinds: Awaited<ReturnType<typeof sumByKind>>
      byState: (Awaited<ReturnType<typeof sumByState>>[number] & { stateName: string })[]
      states: typeof indianStates
    }
    'admin/receipts/correction': { paper: Paper; form: FormState; fresh: boolean }
  }
}

const Word = Type.Optional(Type.String({ maxLength: 100 }))
const names = ['month', 'what', 'buyer', 'state', 'q'] as const
const Filter = Type.Object({ month: Word, what: Word, buyer: Word, state: Word, q: Word })
const Listed = Type.Object({ ...Filter.properties, after: Type.Optional(Type.String({ maxLength: 300 })) })
const ByNumber = Type.Object({ number: Type.String({ maxLength: 40 }) })
const OfMonth = Type.Object({ month: Word })

/** /admin/receipts: receipts and credit notes of an Indian month, what they add up to, and the files an accountant asks for. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql } = services

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const [filter, months] = [filterOf(names, request.query), await listMonths(sql)]
    const month = monthIn(filter.month, months)
    const span = spanOf(month)
    const [list, kinds, byState] = await Promise.all([
      listPage(listFor(filter, months), keyOf, { path: '/admin/receipts', filter, after: request.query.after }),
      sumByKind(sql, span),
      sumByState(sql, span),
    ])
    const named = byState.map((sum) => ({ ...sum, stateName: findState(sum.stateCode)?.name ?? sum.stateCode }))
    return reply.page('admin/receipts/list', {
      list,
      months: months.map(labelled),
      month: labelled(month),
      kinds,
      byState: named,
      states: indianStates,
    })
  })

  /** What an accountant takes along lacks no receipt that is a moment old. */
  const whole = { preHandler: () => numberBeforeReading(services) }

  app.get('.csv', { ...whole, schema: { querystring: Filter } }, async (request, reply) => {
    const filter = filterOf(names, request.query)
    return sendCsv(reply, 'receipts', columns, allOf(listFor(filter, await listMonths(sql)), keyOf))
  })

  app.get('/gstr1.zip', { ...whole, schema: { querystring: OfMonth } }, async (request, reply) => {
    const month = monthIn(request.query.month ?? '', await listMonths(sql))
    const files = await gstr1Files(sql, month, spanOf(month))
    return reply
      .header('content-disposition', `attachment; filename="gstr1-${month}.zip"`)
      .type('application/zip')
      .send(Readable.from(zipOf(files), { objectMode: false }))
  })

  app.get('/tally.csv', { ...whole, schema: { querystring: OfMonth } }, async (request, reply) => {
    const month = monthIn(request.query.month ?? '', await listMonths(sql))
    return reply
      .header('content-disposition', `attachment; filename="tally-${month}.csv"`)
      .type('text/csv; charset=utf-8')
      .send(Readable.from(inTurns(tallyFile(sql, spanOf(month))), { objectMode: false }))
  })

  const correction = { preHandler: requireWriteAccess, schema: { params: ByNumber } }

  app.get('/:number/correction', correction, async (request, reply) => {
    const { row, paper } = await receiptNamed(request.params.number)
    const { legalName, address, gstin } = row.buyer
    const company = legalName ? { legalName, address: address ?? '', gstin: gstin ?? null } : null
    const form = formState(companyForm(company))
    return reply.page('admin/receipts/correction', { paper, form, fresh: request.signedIn!.isFresh })
  })

  app.post(
    '/:number/correction',
    { ...correction, schema: { params: ByNumber, body: PostedForm } },
    async (request, reply) => {
      const { number } = request.params
      const { paper } = await receiptNamed(number)
      const typed = readForm(request.body, [...companyFields, ...identityFields])
      const { company, address, gstin } = typed
      let fresh = request.signedIn!.isFresh
      const correct = async () => {
        const wanted = checkCompany(typed)
        await confirmIdentity(services, request.signedIn!, typed)
        fresh = true
        const { number: newest, done } = await correctReceipt(sql, number, wanted, actorOf(request))
        const text = done
          ? `${newest} replaces ${number} and is mailed to its buyer.`
          : 'The receipt says this already.'
        request.session.set('notice', { kind: 'good', text })
        return reply.leaveFor(`/receipts/${newest}`)
      }
      return formAction(reply, { company, address, gstin }, correct, (form) =>
        reply.page('admin/receipts/correction', { paper, form, fresh }),
      )
    },
  )

  async function receiptNamed(number: string) {
    const row = await findReceiptRow(sql, number)
    if (!row) throw new AppError('not-found', 'There is no such receipt.')
    return { row, paper: paperOfReceipt(row) }
  }

  /** What is searched for is looked for in all months, unless one is named. */
  function listFor(filter: Record<(typeof names)[number], string>, months: string[]): List<TaxPaper> {
    const { month, what, buyer, state, q: search } = filter
    const newest = spanOf(monthIn(month, months))
    const span = search && !months.includes(month) ? { ...newest, since: spanOf(months.at(-1)!).since } : newest
    return (after, limit) => listTaxPapers(sql, span, { ...allPapers, what, buyer, state, search }, after, limit)
  }
}
export default routes

const keyOf = ({ issuedAt, number }: TaxPaper) => ({ at: issuedAt, id: number })

/** A month that has papers, as it was asked for; else the present one. */
function monthIn(asked: string, months: string[]): string {
  return months.includes(asked) ? asked : months[0]!
}

const monthWords = new Intl.DateTimeFormat('en-IN', { month: 'long', year: 'numeric', timeZone: 'Asia/Kolkata' })

/** "2026-11" as an option of a form: "November 2026". */
function labelled(month: string) {
  return { value: month, label: monthWords.format(spanOf(month).since) }
}

/** The instants of an Indian month ("2026-11"). */
function spanOf(month: string): Month {
  const [year, number] = month.split('-').map(Number) as [number, number]
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`
  const firstOf = (name: string) => spanOfDays(`${name}-01`, '').since!
  return { since: firstOf(month), before: firstOf(next) }
}
