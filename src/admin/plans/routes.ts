import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { changePrice, priceTyped, putOnSale, takeBackPrice, takeOffSale } from '../../billing/plans/plans.ts'
import { confirmIdentity, identityFields } from '../../identity/second-factor/reauthentication.ts'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { dateInIndia } from '../../platform/dates.ts'
import { AppError } from '../../platform/errors.ts'
import { rupees } from '../../platform/money.ts'
import { Type } from '../../platform/schema.ts'
import { anyRefusal, formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { sendCsv } from '../csv-routes.ts'
import { queryOf } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { previewFields, requirePreviewed } from '../preview-guard.ts'
import { type ChosenDays, chosenDays, dayErrors, dayFields } from './price-days.ts'
import { listPriceChanges, listVersions, type PlanLine, type PriceChangeLine } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/plans/list': { plans: PlanLine[]; changes: PriceChangeLine[]; mayAct: boolean }
    'admin/plans/price': {
      plan: PlanLine
      newPaise: number | null
      days: ChosenDays
      form: FormState
      fresh: boolean
    }
    'admin/plans/take-back': { change: PriceChangeLine; form: FormState; fresh: boolean }
    'admin/plans/sale': {
      plan: PlanLine
      onSaleInstead: PlanLine | null
      last: boolean
      form: FormState
      fresh: boolean
    }
  }
}

const ByKey = Type.Object({ key: Type.String({ maxLength: 60 }) })
const Word = Type.Optional(Type.String({ maxLength: 30 }))
const Priced = Type.Object({ price: Word, from: Word, subscribers: Word, subscribers_from: Word })
const ById = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,12}$' }) })

/** /admin/plans: every version of every plan; a new price is a new version; on sale or not. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const versionAt = async (key: string) => {
    const plans = await listVersions(services.sql)
    const plan = plans.find((candidate) => candidate.key === key)
    if (!plan) throw new AppError('not-found', 'There is no such plan.')
    return { plan, plans }
  }

  app.get('', async (request, reply) =>
    reply.page('admin/plans/list', {
      plans: await listVersions(services.sql),
      changes: await listPriceChanges(services.sql),
      mayAct: request.mayAct,
    }),
  )

  app.get('.csv', async (_request, reply) => sendCsv(reply, 'plans', columns, allVersions()))

  const writeAccess = { preHandler: requireWriteAccess, schema: { params: ByKey } }

  app.get(
    '/:key/price',
    { preHandler: requireWriteAccess, schema: { params: ByKey, querystring: Priced } },
    async (request, reply) => {
      const { price = '', from = '', subscribers = '', subscribers_from = '' } = request.query
      return showPrice(request, reply, { price, from, subscribers, subscribers_from })
    },
  )

  app.post('/:key/price', { ...writeAccess, schema: { params: ByKey, body: PostedForm } }, async (request, reply) => {
    const typed = readForm(request.body, ['price', ...dayFields, ...identityFields, ...previewFields], 200)
    const { price, wanted, look, from, subscribers, subscribers_from, ...identity } = typed
    const shown = { price: wanted || price, from, subscribers, subscribers_from }
    if (look) return reply.leaveFor(`/admin/plans/${encodeURIComponent(request.params.key)}/price${queryOf(shown)}`)
    const change = async () => {
      requirePreviewed(typed, price, priceTyped)
      const pricePaise = priceTyped(price)
      const days = chosenDays(shown)
      await confirmIdentity(services, request.signedIn!, identity)
      const by = actorOf(request)
      const plan = await changePrice(services.sql, { replaces: request.params.key, pricePaise, ...days, by })
      const text = days.from
        ? `${plan.title} will cost ${rupees(pricePaise)} from ${dateInIndia(new Date(`${days.from}T00:00:00+05:30`))}.`
        : `${plan.title} is on sale for ${rupees(plan.pricePaise)} now. The front page shows it within five seconds.`
      request.session.set('notice', { kind: 'good', text })
      return reply.leaveFor('/admin/plans')
    }
    return formAction(reply, shown, change, (form) => showPrice(request, reply, shown, form), anyRefusal)
  })

  const oneChange = async (id: string) => {
    const change = (await listPriceChanges(services.sql)).find((line) => line.id === id)
    if (!change) throw new AppError('not-found', 'There is no such price.')
    return change
  }

  app.get('/changes/:id', { preHandler: requireWriteAccess, schema: { params: ById } }, async (request, reply) =>
    showChange(request, reply, request.params.id, formState()),
  )

  app.post(
    '/changes/:id/withdrawal',
    { preHandler: requireWriteAccess, schema: { params: ById, body: PostedForm } },
    async (request, reply) => {
      const withdraw = async () => {
        await oneChange(request.params.id)
        await confirmIdentity(services, request.signedIn!, readForm(request.body, identityFields, 200))
        await takeBackPrice(services.sql, request.params.id, actorOf(request))
        request.session.set('notice', { kind: 'good', text: 'The planned price is withdrawn. The old one stays.' })
        return reply.leaveFor('/admin/plans')
      }
      const showAgain = (form: FormState) => showChange(request, reply, request.params.id, form)
      return formAction(reply, {}, withdraw, showAgain, anyRefusal)
    },
  )

  async function showChange(request: FastifyRequest, reply: FastifyReply, id: string, form: FormState) {
    const change = await oneChange(id)
    return reply.page('admin/plans/take-back', { change, form, fresh: request.signedIn!.isFresh })
  }

  async function* allVersions() {
    yield await listVersions(services.sql)
  }

  /** The form; with a price that can be one also what will happen. `refused`: the form after a try that did nothing. */
  async function showPrice(
    request: FastifyRequest,
    reply: FastifyReply,
    typed: { price: string } & Record<(typeof dayFields)[number], string>,
    refused?: FormState,
  ) {
    const { plan } = await versionAt((request.params as { key: string }).key)
    const isEmpty = typed.price === '' && !refused
    const checked = isEmpty ? { newPaise: null, errors: {} } : checkPrice(typed.price, plan)
    const errors = isEmpty ? {} : { ...checked.errors, ...dayErrors(typed) }
    const form = refused ? { ...refused, errors: { ...errors, ...refused.errors } } : formState(typed, errors)
    const isRefused = Object.keys(errors).length > 0
    if (!refused && isRefused) reply.code(422)
    return reply.page('admin/plans/price', {
      plan,
      newPaise: isRefused ? null : checked.newPaise,
      days: isRefused || isEmpty ? { from: null, subscribersFrom: null } : chosenDays(typed),
      form,
      fresh: request.signedIn!.isFresh,
    })
  }

  app.get('/:key/sale', writeAccess, async (request, reply) => showSale(request, reply, formState()))

  for (const [action, change, done] of [
    ['withdrawal', takeOffSale, 'is off sale. Those who bought it keep it.'],
    ['offer', putOnSale, 'is on sale again. The front page shows it within five seconds.'],
  ] as const)
    app.post(
      `/:key/${action}`,
      { ...writeAccess, schema: { params: ByKey, body: PostedForm } },
      async (request, reply) => {
        const perform = async () => {
          await confirmIdentity(services, request.signedIn!, readForm(request.body, identityFields, 200))
          const { plan } = await versionAt(request.params.key)
          await change(services.sql, plan.key, actorOf(request))
          request.session.set('notice', { kind: 'good', text: `${plan.title} ${done}` })
          return reply.leaveFor('/admin/plans')
        }
        return formAction(reply, {}, perform, (form) => showSale(request, reply, form), anyRefusal)
      },
    )

  async function showSale(request: FastifyRequest, reply: FastifyReply, form: FormState) {
    const { plan, plans } = await versionAt((request.params as { key: string }).key)
    const onSale = plans.filter((candidate) => candidate.onSale)
    return reply.page('admin/plans/sale', {
      plan,
      onSaleInstead: onSale.find((other) => other.name === plan.name && other.key !== plan.key) ?? null,
      last: plan.onSale && onSale.length === 1,
      form,
      fresh: request.signedIn!.isFresh,
    })
  }
}
export default routes

/** The price that was typed, if it can be the plan's next one, else the sentence at its field. */
function checkPrice(price: string, plan: PlanLine): { newPaise: number | null; errors: Record<string, string> } {
  try {
    const newPaise = priceTyped(price)
    if (newPaise === plan.pricePaise) return { newPaise: null, errors: { price: 'This is the current price.' } }
    return { newPaise, errors: {} }
  } catch (error) {
    if (error instanceof AppError) return { newPaise: null, errors: error.fields }
    throw error
  }
}

const columns = [
  { title: 'Version', text: (row: PlanLine) => row.key },
  { title: 'Plan', text: (row: PlanLine) => row.title },
  { title: 'Price', paise: (row: PlanLine) => row.pricePaise },
  { title: 'Months', number: (row: PlanLine) => row.months },
  { title: 'On sale', text: (row: PlanLine) => (row.onSale ? 'yes' : 'no') },
  { title: 'Offered', time: (row: PlanLine) => row.offeredAt },
  { title: 'Off sale', time: (row: PlanLine) => row.withdrawnAt },
  { title: 'In place of', text: (row: PlanLine) => row.replaces },
]
