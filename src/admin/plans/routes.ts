import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { changePrice, priceTyped, putOnSale, takeOffSale } from '../../billing/plans/plans.ts'
import { confirmIdentity, identityFields } from '../../identity/second-factor/reauthentication.ts'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { rupees } from '../../platform/money.ts'
import { anyRefusal, formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { sendCsv } from '../csv-routes.ts'
import { queryOf } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { previewFields, requirePreviewed } from '../preview-guard.ts'
import { listVersions, type PlanLine } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/plans/list': { plans: PlanLine[]; mayAct: boolean }
    'admin/plans/price': { plan: PlanLine; newPaise: number | null; form: FormState; fresh: boolean }
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
const Priced = Type.Object({ price: Type.Optional(Type.String({ maxLength: 30 })) })

/** /admin/plans: every version of every plan; a new price is a new version; on sale or not. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const versionAt = async (key: string) => {
    const plans = await listVersions(services.sql)
    const plan = plans.find((candidate) => candidate.key === key)
    if (!plan) throw new AppError('not-found', 'There is no such plan.')
    return { plan, plans }
  }

  app.get('', async (request, reply) =>
    reply.page('admin/plans/list', { plans: await listVersions(services.sql), mayAct: request.mayAct }),
  )

  app.get('.csv', async (_request, reply) => sendCsv(reply, 'plans', columns, allVersions()))

  const writeAccess = { preHandler: requireWriteAccess, schema: { params: ByKey } }

  app.get(
    '/:key/price',
    { preHandler: requireWriteAccess, schema: { params: ByKey, querystring: Priced } },
    async (request, reply) => showPrice(request, reply, request.query.price ?? ''),
  )

  app.post('/:key/price', { ...writeAccess, schema: { params: ByKey, body: PostedForm } }, async (request, reply) => {
    const typed = readForm(request.body, ['price', ...identityFields, ...previewFields], 200)
    const { price, wanted, look, ...identity } = typed
    if (look)
      return reply.leaveFor(`/admin/plans/${encodeURIComponent(request.params.key)}/price${queryOf({ price: wanted })}`)
    const shown = wanted || price
    const change = async () => {
      requirePreviewed(typed, price, priceTyped)
      const pricePaise = priceTyped(price)
      await confirmIdentity(services, request.signedIn!, identity)
      const plan = await changePrice(services.sql, { replaces: request.params.key, pricePaise, by: actorOf(request) })
      const text = `${plan.title} is on sale for ${rupees(plan.pricePaise)} now. The front page shows it within five seconds.`
      request.session.set('notice', { kind: 'good', text })
      return reply.leaveFor('/admin/plans')
    }
    return formAction(reply, { price: shown }, change, (form) => showPrice(request, reply, shown, form), anyRefusal)
  })

  async function* allVersions() {
    yield await listVersions(services.sql)
  }

  /** The form; with a price that can be one also what will happen. `refused`: the form after a try that did nothing. */
  async function showPrice(request: FastifyRequest, reply: FastifyReply, price: string, refused?: FormState) {
    const { plan } = await versionAt((request.params as { key: string }).key)
    const { newPaise, errors } = price === '' && !refused ? { newPaise: null, errors: {} } : checkPrice(price, plan)
    const form = refused ? { ...refused, errors: { ...errors, ...refused.errors } } : formState({ price }, errors)
    if (!refused && form.errors.price) reply.code(422)
    return reply.page('admin/plans/price', { plan, newPaise, form, fresh: request.signedIn!.isFresh })
  }

  app.get('/:key/sale', writeAccess, async (request, reply) => showSale(request, reply, formState()))

  for (const [action, change, done] of [
    ['withdrawal', takeOffSale, 'is off sale. Who bought it keeps it.'],
    ['offer', putOnSale, 'is on sale again. The front page shows it within five seconds.'],
  ] as const)
    app.post(
      `/:key/${action}`,
      { ...writeAccess, schema: { params: ByKey, body: PostedForm } },
      async (request, reply) => {
        const perform = async () => {
          await confirmIdentity(services, request.signedIn!, readForm(request.body, identityFields, 200))
          await change(services.sql, request.params.key, actorOf(request))
          request.session.set('notice', { kind: 'good', text: `${request.params.key} ${done}` })
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
    if (newPaise === plan.pricePaise) return { newPaise: null, errors: { price: 'This is the price already.' } }
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
