import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { checkCompany, companyFields, companyForm } from '../billing/company-details/company.ts'
import { findCompany, keepCompany } from '../billing/company-details/queries.ts'
import { actorOf } from '../identity/sessions/guards.ts'
import { formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../web/forms.ts'
import type { Account } from './account.ts'

declare module '../web/views.ts' {
  interface Views {
    'billing/company-details/show': { form: FormState }
  }
}

/** The company that a person's receipts are made out to. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/company', async (request, reply) => {
    const form = formState(companyForm(await findCompany(services.sql, request.user!.id)))
    return reply.page('billing/company-details/show', { form })
  })

  app.post('/company', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const typed = readForm(request.body, companyFields)
    return formAction(
      reply,
      typed,
      async () => {
        const changed = await keepCompany(services.sql, request.user!.id, checkCompany(typed), actorOf(request))
        const text = changed ? 'Your company’s details are saved.' : 'Nothing was changed.'
        request.session.set('notice', { kind: 'good', text })
        return reply.leaveFor('/account/company')
      },
      (form) => reply.page('billing/company-details/show', { form }),
    )
  })
}
export default routes
