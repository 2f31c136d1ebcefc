import { randomBytes } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, auditContext } from '../identity/sessions/guards.ts'
import { emailProblem } from '../identity/users/field-checks.ts'
import { AppError } from '../platform/errors.ts'
import type { Services } from '../platform/services.ts'
import { readComplaint } from '../records/complaints/complaints.ts'
import { type Complaint, insertComplaint, listComplaintsOf } from '../records/complaints/queries.ts'
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
      const { key, ...typed } = readForm(request.body, fields, 6_000)
      return formAction(
        reply,
        typed,
        async () => {
          const number = await file(request, key, typed)
          services.wake('deliver-mails')
          request.session.set('notice', {
            kind: 'good',
            text: `Your complaint has the number ${number}. A mail confirms it; you get an answer within 30 days.`,
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
    const complaint = readComplaint(typed)
    const wrongEmail = emailProblem(complaint.email)
    if (wrongEmail)
      throw new AppError('invalid', 'Please check the highlighted fields.', { fields: { email: wrongEmail } })
    const by = request.user ? actorOf(request) : { actor: 'visitor', origin: auditContext(request) }
    const filed = { ...complaint, userId: request.user?.id ?? null, formKey: key || newKey() }
    return insertComplaint(services.sql, filed, services.config.alertEmail, by)
  }

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState, key = newKey()) {
    const own = request.user ? await listComplaintsOf(services.sql, request.user.id) : []
    return reply.header('cache-control', 'no-store').page('site/complaint/form', { form, formKey: key, own })
  }
}
export default routes

const newKey = () => randomBytes(12).toString('base64url')
