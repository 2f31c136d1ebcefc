import type { FastifyInstance } from 'fastify'
import type { Deps } from '../deps.ts'
import { answers } from '../platform/db.ts'

/** /healthz: the process answers. /readyz: it can serve, that is, the database answers and jobs run. */
export default async function operators(
  app: FastifyInstance,
  { deps, jobsReady }: { deps: Deps; jobsReady: () => boolean },
) {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const database = await answers(deps.sql)
    const jobs = jobsReady()
    const ready = database && jobs
    if (!ready) reply.code(503).header('retry-after', 5)
    return reply.header('cache-control', 'no-store').send({ status: ready ? 'ready' : 'not ready', database, jobs })
  })
}
