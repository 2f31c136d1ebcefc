import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../identity/sessions/guards.ts'
import { checkPerson } from '../../identity/users/field-checks.ts'
import { findState, indianStates } from '../../identity/users/indian-states.ts'
import { tenDigits } from '../../identity/users/phones.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import type { Account } from '../account.ts'
import { updateProfile } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'account/profile': { username: string; email: string; states: typeof indianStates; form: FormState }
  }
}

/** Name, mobile and state. The username stays; the e-mail is changed under Security, for it must be confirmed. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/profile', async (request, reply) => {
    const { username, email, name, phone, stateCode } = request.user!
    const form = formState({ name, phone: tenDigits(phone), state: stateCode })
    return reply.page('account/profile', { username, email, states: indianStates, form })
  })

  app.post('/profile', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const { id, username, email } = request.user!
    const typed = readForm(request.body, ['name', 'phone', 'state'])
    const values = { ...typed, state: findState(typed.state)?.code ?? typed.state }
    return formAction(
      reply,
      values,
      async () => {
        const changed = await updateProfile(services.sql, id, checkPerson(typed), actorOf(request))
        const text = changed ? 'Your profile is saved.' : 'Nothing was changed.'
        request.session.set('notice', { kind: 'good', text })
        return reply.leaveFor('/account/profile')
      },
      (form) => reply.page('account/profile', { username, email, states: indianStates, form }),
    )
  })
}
export default routes
