import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { type Day, dayIn } from '../../market/calendar/days.ts'
import { dayInIndia } from '../../platform/dates.ts'
import { consoleRoutes } from './console.ts'
import { type Control, createControl } from './control.ts'
import { dayZip, firstUdiffDay } from './day-files.ts'
import type { Listing } from './listing.ts'
import { etfList, holidayList } from './lists.ts'

export type ExchangeOptions = {
  host: string
  /** 0 for any free one. */
  port: number
  /** What trades, and when; asked at every request. */
  listed: () => Promise<Listing>
  /** Where clock and faults survive a restart; null keeps them in memory. */
  stateFile: string | null
  /** Its clock at the start, in milliseconds since 1970; real time, or the kept one, when absent. */
  at?: number
  /** Guards the console and the control API, which ask for no log-in. */
  protect?: (
    app: FastifyInstance,
    pages: { names: string[]; port: () => number; isPublic: (path: string) => boolean },
  ) => void
}

export type Exchange = {
  url: string
  /** Addresses of a day's file, with tokens for its date: as NSE's, the newer kind first. */
  archiveUrls: string[]
  port: number
  control: Control
  close(): Promise<void>
}

/** Starts the exchange look-alike: day files and lists under NSE's paths, console at /, control API at /control. */
export async function startExchange(options: ExchangeOptions): Promise<Exchange> {
  const control = createControl(options)
  const app = Fastify({ logger: false, forceCloseConnections: true })
  options.protect?.(app, {
    names: [options.host],
    port: () => (app.server.address() as AddressInfo).port,
    isPublic: (path) => /^\/(content|api)\//.test(path),
  })
  const style = readFileSync(new URL('../cashfree-sandbox/browser/console.css', import.meta.url))
  app.get('/console.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(style))
  app.register(fileRoutes(control))
  app.register(consoleRoutes(control))
  await app.listen({ host: options.host, port: options.port })
  const { port } = app.server.address() as AddressInfo
  const url = `http://${options.host}:${port}`
  return { url, port, control, archiveUrls: archivePaths.map((path) => `${url}${path}`), close: () => app.close() }
}

const archivePaths = [
  '/content/cm/BhavCopy_NSE_CM_0_0_0_{YYYY}{MM}{DD}_F_0000.csv.zip',
  '/content/historical/EQUITIES/{YYYY}/{MON}/cm{DD}{MON}{YYYY}bhav.csv.zip',
]

function fileRoutes(control: Control) {
  return async (app: FastifyInstance) => {
    // The real one shows programs that do not look like a browser its block page.
    app.addHook('onRequest', async ({ headers }, reply) => {
      if (!/^Mozilla\//.test(headers['user-agent'] ?? '')) return blockPage(reply)
    })

    app.get<{ Params: { file: string } }>('/content/cm/:file', async ({ params }, reply) => {
      const [, date = ''] = /^BhavCopy_NSE_CM_0_0_0_(\d{8})_F_0000\.csv\.zip$/.exec(params.file) ?? []
      return sendDay(reply, dayIn(date), (day) => day >= firstUdiffDay)
    })
    app.get<{ Params: { year: string; month: string; file: string } }>(
      '/content/historical/EQUITIES/:year/:month/:file',
      async ({ params }, reply) => {
        const [, date = '', month, year] = /^cm(\d\d)([A-Z]{3})(\d{4})bhav\.csv\.zip$/.exec(params.file) ?? []
        const day = month === params.month && year === params.year ? dayIn(`${date}-${month}-${year}`) : null
        return sendDay(reply, day, (day) => day < firstUdiffDay)
      },
    )
    app.get('/content/equities/eq_etfseclist.csv', async (_request, reply) =>
      reply.type('text/csv').send(etfList((await control.market()).listing)),
    )
    app.get('/api/holiday-master', async () =>
      holidayList((await control.market()).listing, dayInIndia(new Date(control.now())).slice(0, 4)),
    )
  }

  async function sendDay(reply: FastifyReply, day: Day | null, isOfThisKind: (day: Day) => boolean) {
    const market = await control.market()
    const { sessions } = market
    if (day === null || !isOfThisKind(day) || !sessions.isOpen(day)) return missing(reply)
    if (sessions.isOn('blocked', day)) return blockPage(reply)
    if (sessions.publishedAt(day) > control.now()) return missing(reply)
    return reply.type('application/zip').send(dayZip(day, market))
  }
}

function missing(reply: FastifyReply) {
  return reply
    .code(404)
    .type('text/html; charset=utf-8')
    .send('<!DOCTYPE html><title>404</title><h1>Resource not found</h1>')
}

function blockPage(reply: FastifyReply) {
  return reply
    .code(403)
    .type('text/html; charset=utf-8')
    .send(
      '<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>You don’t have permission to access this.</BODY></HTML>',
    )
}
