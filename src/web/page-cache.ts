import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { type Compressed, compress, sendCompressed } from './compression.ts'

type Kept = { page: Compressed; until: number }

/** Pages that are kept at most, those asked for last: a hundred kilobytes each. */
const keptMost = 60

/**
 * Pages that are the same for every visitor, rendered at most once per `keepMs` and sent compressed. While a page cannot be
 * rendered (the database is away) its last version is sent, or that of the page `alike`, which does as well. For requests without
 * a cookie; people with one get a page of their own.
 */
export function pageCache(keepMs: number) {
  const kept = new LRUCache<string, Kept>({ max: keptMost })
  const rendering = new Map<string, Promise<Kept>>()

  async function render(key: string, html: () => Promise<string>, alike: string): Promise<Kept> {
    try {
      const body = Buffer.from(await html())
      const before = kept.get(key)?.page
      // It has rarely changed, and compressing it takes the time of a thousand answers.
      const page = before?.identity.equals(body) ? before : compress(body)
      return keep(key, page, keepMs)
    } catch (error) {
      const last = kept.get(key) ?? kept.get(alike)
      if (!last) throw error
      return keep(key, last.page, 1_000)
    } finally {
      rendering.delete(key)
    }
  }

  function keep(key: string, page: Compressed, forMs: number): Kept {
    const one = { page, until: Date.now() + forMs }
    kept.set(key, one)
    return one
  }

  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    key: string,
    html: () => Promise<string>,
    alike: string = key,
  ) => {
    let page = kept.get(key)
    if (!page || page.until < Date.now()) {
      const running = rendering.get(key) ?? render(key, html, alike)
      rendering.set(key, running)
      page = await running
    }
    reply
      .header('cache-control', 'no-cache')
      .header('vary', 'HX-Request, Cookie, Accept-Encoding')
      .type('text/html; charset=utf-8')
    return sendCompressed(request, reply, page.page)
  }
}
