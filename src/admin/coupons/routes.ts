import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { couponFields, createCoupon, discountLabel, writtenCode } from '../../billing/coupons/coupons.ts'
import { type Coupon, findCoupon, listCoupons, withdrawCoupon } from '../../billing/coupons/queries.ts'
import { listPlansOnSale, type Plan } from '../../billing/plans/queries.ts'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import type { Panel } from '../panel.ts'
import { listClaims } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/coupons/list': {
      coupons: readonly Coupon[]
      plans: readonly Plan[]
      form: FormState
      mayAct: boolean
      discount: typeof discountLabel
    }
    'admin/coupons/show': {
      coupon: Coupon
      claims: Awaited<ReturnType<typeof listClaims>>
      mayAct: boolean
      discount: typeof discountLabel
      link: string
    }
  }
}

const ByCode = Type.Object({ code: Type.String({ maxLength: 40 }) })
const shown = 200

/** /admin/coupons: codes that take something off, what was given with each, and the form that makes one. They are never edited. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql, config } = services
  const list = async (mayAct: boolean, form = formState()) => {
    const [coupons, plans] = await Promise.all([listCoupons(sql, shown), listPlansOnSale(sql)])
    return { coupons, plans, form, mayAct, discount: discountLabel }
  }

  app.get('', async (request, reply) => reply.page('admin/coupons/list', await list(request.mayAct)))

  app.post('', { preHandler: requireWriteAccess, schema: { body: PostedForm } }, async (request, reply) => {
    const typed = readForm(request.body, couponFields, 100)
    return formAction(
      reply,
      typed,
      async () => {
        const plans = (await listPlansOnSale(sql)).map(({ name }) => name)
        const code = await createCoupon(sql, typed, plans, actorOf(request))
        request.session.set('notice', {
          kind: 'good',
          text: `${code} is ready. Anyone with the code or the link can use it.`,
        })
        return reply.leaveFor(`/admin/coupons/${code}`)
      },
      async (form) => reply.page('admin/coupons/list', await list(true, form)),
    )
  })

  app.get('/:code', { schema: { params: ByCode } }, async (request, reply) => {
    const coupon = await couponAt(request.params.code)
    return reply.page('admin/coupons/show', {
      coupon,
      claims: await listClaims(sql, coupon.code, shown),
      mayAct: request.mayAct,
      discount: discountLabel,
      link: `${config.baseUrl}/?coupon=${coupon.code}`,
    })
  })

  app.post(
    '/:code/withdrawal',
    { preHandler: requireWriteAccess, schema: { params: ByCode } },
    async (request, reply) => {
      const { code } = await couponAt(request.params.code)
      await withdrawCoupon(sql, code, actorOf(request))
      request.session.set('notice', {
        kind: 'good',
        text: `${code} is withdrawn. Orders that are open with it can still be paid.`,
      })
      return reply.leaveFor(`/admin/coupons/${code}`)
    },
  )

  async function couponAt(typed: string): Promise<Coupon> {
    const coupon = await findCoupon(sql, writtenCode(typed))
    if (!coupon) throw new AppError('not-found', 'There is no such coupon.')
    return coupon
  }
}
export default routes
