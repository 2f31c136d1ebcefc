import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { failureOf } from './errors.ts'

/**
 * Answers a POST to this path: the one-click unsubscribe of RFC 8058, sent by mail providers. Call it in a scope of its own outside
 * the pages': no cookie is read or set, it may come from any site with any body, and can do this one thing. Answers in plain text without
 * a redirect: `done`, or 404 where `stop` says false, for then the link is nobody's.
 */
export function answerOneClick<Params>(
  app: FastifyInstance,
  path: string,
  { stop, done }: { stop: (params: Params, request: FastifyRequest) => Promise<boolean>; done: string },
): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 16 * 1024 }, (_request, _body, done) =>
    done(null, null),
  )
  app.setErrorHandler((error, request, reply) => {
    const { status, retryAfterS } = failureOf(error)
    if (status >= 500) request.log.error({ err: error }, 'one-click unsubscribe failed')
    if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
    return answer(reply, status, 'This did not work. Please try again.')
  })
  app.post(path, async (request, reply) =>
    (await stop(request.params as Params, request))
      ? answer(reply, 200, done)
      : answer(reply, 404, 'This link no longer works.'),
  )
}

function answer(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header('cache-control', 'no-store').type('text/plain; charset=utf-8').send(text)
}
