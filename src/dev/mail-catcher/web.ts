import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { onlyOwnBrowser } from '../local-browser.ts'
import { DOCUMENT_POLICY, documentOf } from './document.ts'
import { listPage, mailPage, missingPage, PAGE_POLICY } from './pages.ts'
import type { Store } from './store.ts'

const STYLE = readFileSync(join(import.meta.dirname, 'mail-catcher.css'), 'utf8')

type WithId = FastifyRequest<{ Params: { id: string } }>

/** Serves the caught mails: pages for people, JSON for tests. */
export async function serveWeb(
  store: Store,
  { host, port, names }: { host: string; port: number; names: string[] },
): Promise<{ port: number; close(): Promise<void> }> {
  const app = Fastify({ forceCloseConnections: true })
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume()
    done(null)
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', PAGE_POLICY)
  })
  const ownPort = () => (app.server.address() as AddressInfo).port
  onlyOwnBrowser(app, { names, port: ownPort })
  app.setNotFoundHandler((_request, reply) => missing(reply))

  app.get('/', async (request: FastifyRequest<{ Querystring: { to?: string } }>, reply) => {
    const to = String(request.query.to ?? '')
    return page(reply, listPage(await store.list({ to }), { to }))
  })
  app.get('/mailbox.css', async (_request, reply) => reply.type('text/css').send(STYLE))
  app.post('/clear', async (_request, reply) => {
    await store.clear()
    return reply.redirect('/', 303)
  })

  app.get(
    '/mails/:id',
    async (request: FastifyRequest<{ Params: { id: string }; Querystring: { tab?: string } }>, reply) => {
      const mail = await store.find(request.params.id)
      if (!mail) return missing(reply)
      const source = request.query.tab === 'source' ? await store.source(mail.id) : null
      return page(reply, mailPage(mail, { tab: String(request.query.tab ?? ''), source }))
    },
  )
  app.get('/mails/:id/html', async (request: WithId, reply) => {
    const mail = await store.find(request.params.id)
    if (!mail?.html) return missing(reply)
    reply.header('content-security-policy', DOCUMENT_POLICY)
    return page(reply, documentOf(mail.html, await store.files(mail.id)))
  })
  app.get('/mails/:id/source', async (request: WithId, reply) => {
    const source = await store.source(request.params.id)
    return source
      ? download(reply, { filename: `${request.params.id}.eml`, mimeType: 'message/rfc822', content: source })
      : missing(reply)
  })
  app.get(
    '/mails/:id/attachments/:index',
    async (request: FastifyRequest<{ Params: { id: string; index: string } }>, reply) => {
      const file = (await store.files(request.params.id))[Number(request.params.index)]
      return file ? download(reply, file) : missing(reply)
    },
  )

  app.get('/api/mails', async (request: FastifyRequest<{ Querystring: { to?: string } }>) =>
    store.list({ to: String(request.query.to ?? '') }),
  )
  app.get('/api/mails/:id', async (request: WithId, reply) => {
    return (await store.find(request.params.id)) ?? reply.code(404).send({ message: 'There is no such mail.' })
  })
  app.delete('/api/mails', async (_request, reply) => {
    await store.clear()
    return reply.code(204).send()
  })

  await app.listen({ host, port })
  return { port: ownPort(), close: () => app.close() }
}

function page(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(text)
}

function missing(reply: FastifyReply): FastifyReply {
  return page(reply.code(404), missingPage())
}

function download(
  reply: FastifyReply,
  { filename, mimeType, content }: { filename: string; mimeType: string; content: Buffer },
): FastifyReply {
  // The sender chose the type, which may hold characters that no header allows.
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(mimeType) ? mimeType : 'application/octet-stream'
  const plain = filename.replace(/[^\w. -]/g, '_')
  return reply
    .type(type)
    .header(
      'content-disposition',
      `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(filename.toWellFormed())}`,
    )
    .send(content)
}
