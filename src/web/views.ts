import { join } from 'node:path'
import view from '@fastify/view'
import { Eta } from 'eta'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { fmt } from '../platform/format.ts'

const viewsFolder = join(import.meta.dirname, '..', '..', 'views')

/** Template name → its data. Slices add theirs by declaration merging, so that a misspelt name does not compile. */
// biome-ignore lint/suspicious/noEmptyInterface: filled in by the slices.
export interface Views {}

/** What every full page knows besides its own data (`it.page`); the app provides it for each request. */
export type DescribePage = (request: FastifyRequest, content: object) => Promise<object>

declare module 'fastify' {
  interface FastifyReply {
    /** The HTML of a template (a page or a fragment) with `it.page`, `it.fmt` and the given data. */
    render<Name extends keyof Views & string>(name: Name, data: Views[Name]): Promise<string>
    /** Renders a template and sends it, `no-store` unless the handler set cache-control. */
    page<Name extends keyof Views & string>(name: Name, data: Views[Name]): Promise<FastifyReply>
    /** After a write: 303 for browsers, HX-Redirect for htmx, so that both load a fresh full page. */
    leaveFor(url: string): FastifyReply
  }
  interface FastifyRequest {
    /** True when htmx requests a fragment; false for full pages and for a restored history entry. */
    readonly wantsFragment: boolean
  }
}

export default fp<{ describePage: DescribePage; cache: boolean }>(
  async (app, { describePage, cache }) => {
    const eta = new Eta({ views: viewsFolder, cache, autoTrim: false })
    await app.register(view, { engine: { eta }, root: viewsFolder, viewExt: 'eta', production: cache })

    app.decorateReply('render', async function (this: FastifyReply, name: string, data: object) {
      const page = await describePage(this.request, data)
      return this.viewAsync(name, { ...data, page, fmt })
    } as never)

    app.decorateReply('page', async function (this: FastifyReply, name: never, data: never) {
      // As bytes: a string would be measured and then encoded again when it is sent.
      const html = Buffer.from(await this.render(name, data))
      if (!this.hasHeader('cache-control')) this.header('cache-control', 'no-store')
      return this.header('vary', 'HX-Request').type('text/html; charset=utf-8').send(html)
    } as never)

    app.decorateReply('leaveFor', function (this: FastifyReply, url: string) {
      this.header('cache-control', 'no-store')
      return this.request.headers['hx-request']
        ? this.header('HX-Redirect', url).code(200).send()
        : this.redirect(url, 303)
    })

    app.decorateRequest('wantsFragment', {
      getter(this: FastifyRequest) {
        return this.headers['hx-request'] === 'true' && this.headers['hx-history-restore-request'] !== 'true'
      },
    } as never)
  },
  { name: 'views' },
)
