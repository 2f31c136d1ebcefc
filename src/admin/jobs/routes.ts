import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import { sendCsv } from '../csv-routes.ts'
import type { Panel } from '../panel.ts'
import { recordRunAsked, retryFailed } from './queries.ts'
import { type Job, timetable } from './timetable.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/jobs/list': { jobs: Job[]; mayAct: boolean }
  }
}

const ByName = Type.Object({ name: Type.String({ maxLength: 60 }) })

/** /admin/jobs: what happens by itself, how it went last, and buttons to have it done now. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  app.get('', async (request, reply) =>
    reply.page('admin/jobs/list', { jobs: await timetable(services.sql), mayAct: request.mayAct }),
  )

  app.get('.csv', async (_request, reply) => sendCsv(reply, 'jobs', columns, allJobs()))

  app.post('/:name/run', { preHandler: requireWriteAccess, schema: { params: ByName } }, async (request, reply) => {
    const { name } = request.params
    if (!(await recordRunAsked(services.sql, name, actorOf(request))))
      throw new AppError('not-found', 'There is no such job.')
    services.wake(name)
    const text = `“${name}” starts within a second or two. Asking twice is one run.`
    request.session.set('notice', { kind: 'good', text })
    return reply.leaveFor('/admin/jobs')
  })

  app.post('/:name/retry', { preHandler: requireWriteAccess, schema: { params: ByName } }, async (request, reply) => {
    const { name } = request.params
    const count = await retryFailed(services.sql, name, actorOf(request))
    if (count > 0) services.wake(name)
    request.session.set(
      'notice',
      count > 0
        ? { kind: 'good', text: `Tried again now: ${count.toLocaleString('en-IN')}.` }
        : { kind: 'info', text: 'Nothing is left to try again.' },
    )
    return reply.leaveFor('/admin/jobs')
  })

  async function* allJobs() {
    yield await timetable(services.sql)
  }
}
export default routes

const columns = [
  { title: 'Job', text: (job: Job) => job.name },
  { title: 'What it does', text: (job: Job) => job.does },
  { title: 'How often', text: (job: Job) => job.every },
  { title: 'State', text: (job: Job) => job.state.label },
  { title: 'Last run', time: (job: Job) => job.endedAt },
  { title: 'Took (ms)', number: (job: Job) => job.tookMs },
  { title: 'Next run', time: (job: Job) => job.queued?.nextAt ?? null },
  { title: 'Runs', number: (job: Job) => job.runs },
  { title: 'Failed', number: (job: Job) => job.failures },
  { title: 'Last failed', time: (job: Job) => job.failedAt },
  { title: 'Last failure', text: (job: Job) => job.lastError },
  { title: 'Waiting', number: (job: Job) => job.backlog?.waiting ?? null },
  { title: 'Waiting since', time: (job: Job) => job.backlog?.oldestAt ?? null },
]
