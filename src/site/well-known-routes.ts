import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import type { Services } from '../platform/services.ts'
import { publicPages } from './public-pages.ts'

const dayMs = 86_400_000

/** What browsers, search engines and people who found a hole ask every site for, at addresses they know by themselves. */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  const { baseUrl, seller } = services.config

  app.get('/robots.txt', async (_request, reply) =>
    // Pages behind a log-in need no mention; these would only cost a crawler and us time.
    sendText(reply, [
      'User-agent: *',
      ...['/alerts/', '/api/', '/checkout/', '/payment/', '/reports/'].map((path) => `Disallow: ${path}`),
      '',
      `Sitemap: ${baseUrl}/sitemap.xml`,
    ]),
  )

  app.get('/sitemap.xml', async (_request, reply) =>
    sendText(
      reply,
      [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
        ...publicPages.map((page) => `  <url><loc>${baseUrl}${page}</loc></url>`),
        '</urlset>',
      ],
      'application/xml; charset=utf-8',
    ),
  )

  // Password managers offer to change a password here (W3C, "A Well-Known URL for Changing Passwords").
  app.get('/.well-known/change-password', async (_request, reply) =>
    reply.header('cache-control', 'no-store').redirect('/account/security', 302),
  )

  // RFC 9116: it must say until when it holds, in less than a year.
  app.get('/.well-known/security.txt', async (_request, reply) =>
    sendText(reply, [
      `Contact: mailto:${seller.email}`,
      `Expires: ${new Date(Math.ceil(Date.now() / dayMs + 180) * dayMs).toISOString()}`,
      'Preferred-Languages: en',
      `Canonical: ${baseUrl}/.well-known/security.txt`,
    ]),
  )
}
export default routes

function sendText(reply: FastifyReply, lines: string[], type = 'text/plain; charset=utf-8'): FastifyReply {
  return reply
    .header('cache-control', 'public, max-age=3600')
    .type(type)
    .send(`${lines.join('\n')}\n`)
}
