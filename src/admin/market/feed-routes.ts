import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { dayIn } from '../../market/calendar/days.ts'
import { addressesOf } from '../../market/feed/addresses.ts'
import { askNow } from '../../market/feed/queries.ts'
import {
  type FeedDay,
  type FeedFile,
  type FeedStatus,
  findFeedStatus,
  listFeedDays,
  listFeedFiles,
} from '../../market/feed/status-queries.ts'
import { marketAge } from '../../market/prices/queries.ts'
import { dayInIndia } from '../../platform/dates.ts'
import { PostedForm, readForm } from '../../web/forms.ts'
import type { Panel } from '../panel.ts'
import { labels, type MarketLabels } from './labels.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/market/feed': {
      source: 'off' | 'archive' | 'folder'
      /** Where prices come from, in words: hosts of the archive, or the folder. */
      place: string
      invented: boolean
      status: FeedStatus
      /** Something is asked for in the next minute. */
      isDue: boolean
      days: FeedDay[]
      files: FeedFile[]
      age: { asOf: string | null; sample: boolean; daysBehind: number }
      states: typeof stateLabels
      mayAct: boolean
      labels: MarketLabels
    }
  }
}

const sessionsShown = 15
const filesShown = 20

const stateLabels = {
  here: { label: 'Live', tone: 'good' },
  held: { label: 'Needs a decision', tone: 'warn' },
  'taken-back': { label: 'Undone', tone: '' },
  failed: { label: 'Wrong file', tone: 'bad' },
  waiting: { label: 'Not out yet', tone: 'info' },
  expected: { label: 'Due after 6 pm', tone: '' },
  missing: { label: 'Missing', tone: 'bad' },
  arriving: { label: 'Arriving', tone: 'info' },
  committed: { label: 'Live', tone: 'good' },
  known: { label: 'Already here', tone: '' },
  refused: { label: 'Refused', tone: 'bad' },
} as const

/** /admin/market/feed: where prices come from by themselves, what became of the last sessions, and a button to check now. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql, config } = services
  const { source, archiveUrls, folder, invented } = config.prices

  app.get('', async (request, reply) => {
    const [status, days, files, age] = await Promise.all([
      findFeedStatus(sql, invented),
      listFeedDays(sql, invented, sessionsShown),
      source === 'folder' ? listFeedFiles(sql, filesShown) : [],
      marketAge(sql),
    ])
    return reply.page('admin/market/feed', {
      source: source ?? 'off',
      place: source === 'folder' ? (folder ?? '') : hostsOf(addressesOf(archiveUrls, dayInIndia(new Date()))),
      invented,
      status,
      isDue: status.nextAt !== null && status.nextAt.getTime() <= Date.now() + 60_000,
      days,
      files,
      age,
      states: stateLabels,
      mayAct: request.mayAct,
      labels,
    })
  })

  app.post('/look', { preHandler: requireWriteAccess, schema: { body: PostedForm } }, async (request, reply) => {
    const { day } = readForm(request.body, ['day'], 10)
    const again = dayIn(day) === day ? day : null
    const isAsked = await askNow(sql, again, actorOf(request))
    if (isAsked) services.wake('fetch-prices')
    request.session.set('notice', isAsked ? looking : justAsked)
    return reply.leaveFor('/admin/market/feed')
  })
}
export default routes

const looking = { kind: 'good', text: 'Checking now. Reload this page in a moment to see what came.' } as const
const justAsked = {
  kind: 'info',
  text: 'The source was checked less than a minute ago. Try again in a minute.',
} as const

/** The hosts of these addresses, each once. */
function hostsOf(addresses: readonly string[]): string {
  return [...new Set(addresses.map((address) => new URL(address).host))].join(', ')
}
