import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../platform/errors.ts'
import { type Compressed, compressBest, sendCompressed } from './compression.ts'
import { sentenceFor } from './errors.ts'

const folder = join(import.meta.dirname, '..', '..', 'public')
const htmx = join(dirname(createRequire(import.meta.url).resolve('htmx.org/package.json')), 'dist', 'htmx.min.js')

const types: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webp: 'image/webp',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  ico: 'image/x-icon',
  txt: 'text/plain; charset=utf-8',
}

/** `compressed`: text in every encoding, from the first time that somebody asks for it; null for pictures, which are compressed already. */
type Asset = { name: string; url: string; type: string; bytes: Buffer; compressed: (() => Promise<Compressed>) | null }
export type Assets = { url: (name: string) => string; all: Asset[] }

/**
 * Reads every static file once, and those the operator keeps elsewhere, by name. A file's URL carries a hash of its bytes, so
 * that a browser may keep it for a year.
 */
export function loadAssets(elsewhere: readonly (readonly [string, string])[] = []): Assets {
  const own = readdirSync(folder).map((name) => [name, join(folder, name)] as const)
  const files = new Map([['htmx.js', htmx], ...own, ...elsewhere])
  const all = [...files].map(([name, path]) => asset(name, readFileSync(path)))
  const urls = new Map(all.map(({ name, url }) => [name, url]))
  return {
    all,
    url(name) {
      const url = urls.get(name)
      if (url === undefined) throw new Error(`no such asset: ${name}`)
      return url
    },
  }
}

/** Browsers request these under a fixed name, whatever a page says. */
const wellKnown = ['favicon.ico', 'apple-touch-icon.png']

/**
 * Serves them from memory, compressed where the browser accepts it. Under a hash that is not ours, which a page of another release
 * asks for while that is rolled out, the file is served as it is here, and kept by nobody: a page with the neighbouring release's
 * style sheet beats a page with none.
 */
export function serveAssets(app: FastifyInstance, assets: Assets): void {
  const send = async (request: FastifyRequest, reply: FastifyReply, asset: Asset, cacheControl: string) => {
    const { type, bytes, compressed } = asset
    const body = await compressed?.()
    reply.header('cache-control', cacheControl).type(type)
    return body ? sendCompressed(request, reply.header('vary', 'accept-encoding'), body) : reply.send(bytes)
  }
  const serve = (url: string, asset: Asset, cacheControl: string) =>
    app.get(url, { logLevel: 'warn' }, (request, reply) => send(request, reply, asset, cacheControl))
  const named = new Map(assets.all.map((asset) => [asset.name, asset]))
  app.get<{ Params: { file: string } }>('/assets/:file', { logLevel: 'warn' }, (request, reply) => {
    const [, stem, extension] = /^(.+)\.[0-9a-f]{12}(\.[a-z]+)$/.exec(request.params.file) ?? []
    const asset = named.get(`${stem}${extension}`)
    if (!asset) throw new AppError('not-found', sentenceFor(404))
    return send(request, reply, asset, 'no-store')
  })
  for (const asset of assets.all) {
    serve(asset.url, asset, 'public, max-age=31536000, immutable')
    if (wellKnown.includes(asset.name)) serve(`/${asset.name}`, asset, 'public, max-age=86400')
  }
}

function asset(name: string, bytes: Buffer): Asset {
  const dot = name.lastIndexOf('.')
  const type = types[name.slice(dot + 1)] ?? 'application/octet-stream'
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  return {
    name,
    url: `/assets/${name.slice(0, dot)}.${hash}${name.slice(dot)}`,
    type,
    bytes,
    compressed: /^text|svg/.test(type) ? once(() => compressBest(bytes)) : null,
  }
}

/** What the first call makes, for all of them; what failed for want of memory is tried again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error) => {
      made = undefined
      throw error
    })
    return made
  }
}
