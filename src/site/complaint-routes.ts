import { randomBytes } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, auditContext } from '../identity/sessions/guards.ts'
import { emailProblem, nameProblem, writtenName } from '../identity/users/field-checks.ts'
import type { Services } from '../platform/services.ts'
import { readComplaint } from '../records/complaints/complaints.ts'
import {
  type Complaint,
  insertComplaint,
  isAcknowledgedByMail,
  listComplaintsOf,
} from '../records/complaints/queries.ts'
import { anyRefusal, formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../web/forms.ts'

declare module '../web/views.ts' {
  interface Views {
    'site/complaint/form': { form: FormState; formKey: string; own: readonly Complaint[] }
  }
}

const fields = ['name', 'email', 'reference', 'text', 'key'] as const

/** /complaint: a complaint to the grievance officer, from anybody; whoever is signed in sees what became of theirs. */
const routes: FastifyPluginAsyncTypebox<{ services: Services; limit: object }> = async (app, { services, limit }) => {
  app.get('/complaint', async (request, reply) => {
    const { name = '', email = '' } = request.user ?? {}
    return show(request, reply, formState({ name, email }))
  })

  app.post(
    '/complaint',
    { schema: { body: PostedForm }, attachValidation: true, config: limit },
    async (request, reply) => {
      const { key: posted, ...typed } = readForm(request.body, fields, 6_000)
      const key = keyShape.test(posted) ? posted : newKey()
      return formAction(
        reply,
        typed,
        async () => {
          const number = await file(request, key, typed)
          services.wake('deliver-mails')
          request.session.set('notice', {
            kind: 'good',
            text: `Your complaint has the number ${number}. ${
              (await isAcknowledgedByMail(services.sql, number))
                ? 'A mail confirms it'
                : 'Please note it down: that address has had its mails of today'
            }; you get an answer within 30 days.`,
          })
          return reply.leaveFor('/complaint')
        },
        (form) => show(request, reply, form, key),
        anyRefusal,
      )
    },
  )

  async function file(
    request: FastifyRequest,
    key: string,
    typed: Record<'name' | 'email' | 'reference' | 'text', string>,
  ) {
    const [name, email] = [writtenName(typed.name), typed.email.trim()]
    const [wrongName, wrongEmail] = [nameProblem(name), emailProblem(email)]
    const problems = { ...(wrongName && { name: wrongName }), ...(wrongEmail && { email: wrongEmail }) }
    const complaint = readComplaint({ ...typed, name, email }, problems)
    const by = request.user ? actorOf(request) : { actor: 'visitor', origin: auditContext(request) }
    const filed = { ...complaint, userId: request.user?.id ?? null, formKey: key }
    return insertComplaint(services.sql, filed, services.config.alertEmail, by)
  }

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState, key = newKey()) {
    const own = request.user ? await listComplaintsOf(services.sql, request.user.id) : []
    return reply.header('cache-control', 'no-store').page('site/complaint/form', { form, formKey: key, own })
  }
}
export default routes

const newKey = () => randomBytes(12).toString('base64url')
const keyShape = /^[\w-]{16}$/
