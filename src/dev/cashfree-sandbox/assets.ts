import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'

const FILES = [
  { url: '/js/v3/cashfree.js', file: 'cashfree.js', type: 'text/javascript' },
  { url: '/assets/frame.js', file: 'frame.js', type: 'text/javascript' },
  { url: '/assets/return.js', file: 'return.js', type: 'text/javascript' },
  { url: '/assets/checkout.css', file: 'checkout.css', type: 'text/css' },
  { url: '/assets/console.css', file: 'console.css', type: 'text/css' },
  { url: '/assets/console.js', file: 'console.js', type: 'text/javascript' },
]

/** Scripts and styles. Every origin may load them, as from a public CDN. */
export async function assets(app: FastifyInstance) {
  for (const { url, file, type } of FILES) {
    const bytes = await readFile(new URL(`./browser/${file}`, import.meta.url))
    app.get(url, async (_request, reply) =>
      reply
        .headers({
          'access-control-allow-origin': '*',
          'cross-origin-resource-policy': 'cross-origin',
          'cache-control': 'no-cache',
          'x-content-type-options': 'nosniff',
        })
        .type(`${type}; charset=utf-8`)
        .send(bytes),
    )
  }
}
