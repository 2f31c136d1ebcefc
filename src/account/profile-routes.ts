import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../identity/sessions/guards.ts'
import { readPerson, takenUsername, usernameProblem } from '../identity/users/field-checks.ts'
import { findState, indianStates } from '../identity/users/indian-states.ts'
import { tenDigits } from '../identity/users/phones.ts'
import { changePerson, isTaken, type User } from '../identity/users/queries.ts'
import { highlighted } from '../platform/errors.ts'
import { formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm, sentFields } from '../web/forms.ts'
import type { Account } from './account.ts'

declare module '../web/views.ts' {
  interface Views {
    'account/profile': { email: string; states: typeof indianStates; form: FormState }
  }
}

const fields = ['name', 'phone', 'state'] as const

/** Name, mobile, state and username. The e-mail is changed under Security, for it must be confirmed. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/profile', async (request, reply) => {
    const { email, name, phone, stateCode, username } = request.user!
    const form = formState({ name, phone: tenDigits(phone), state: stateCode ?? '', username })
    return reply.page('account/profile', { email, states: indianStates, form })
  })

  app.post('/profile', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const user = request.user!
    const typed = readForm(request.body, fields)
    const { username } = sentFields(request.body, ['username'])
    return formAction(
      reply,
      { ...typed, state: findState(typed.state)?.code ?? typed.state, username: username ?? user.username },
      async () => {
        const person = checkProfile(user, { ...typed, username })
        const changed = await changePerson(services.sql, user.id, person, actorOf(request)).catch((error: unknown) => {
          throw isTaken(error, 'username') ? highlighted({ username: takenUsername }) : error
        })
        const text = changed ? 'Your profile is saved.' : 'Nothing was changed.'
        request.session.set('notice', { kind: 'good', text })
        return reply.leaveFor('/account/profile')
      },
      (form) => reply.page('account/profile', { email: user.email, states: indianStates, form }),
    )
  })
}
export default routes

/**
 * What the form changes. Whoever never gave a state may go on without one; a username that was not sent, as from a page of an
 * earlier release, stays. Throws AppError `invalid` with a sentence per field.
 */
function checkProfile(user: User, typed: { name: string; phone: string; state: string; username: string | undefined }) {
  const { state, ...rest } = typed
  const username = typed.username?.trim()
  const { person, problems } = readPerson(state === '' && user.stateCode === null ? rest : { ...rest, state })
  const wrong = username === undefined ? undefined : usernameProblem(username)
  const found = { ...problems, ...(wrong ? { username: wrong } : {}) }
  if (Object.keys(found).length > 0) throw highlighted(found)
  const { stateCode, ...named } = person
  return { ...named, ...(stateCode === null ? {} : { stateCode }), ...(username === undefined ? {} : { username }) }
}
