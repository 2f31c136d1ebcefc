import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireWriteAccess } from '../../../identity/sessions/guards.ts'
import { dayIn } from '../../../market/calendar/days.ts'
import { correctBasis } from '../../../market/prices/imports/basis.ts'
import { commit, decideJump, parseRatio, undo } from '../../../market/prices/imports/imports.ts'
import { deleteDecision } from '../../../market/prices/imports/jump-queries.ts'
import { summariseUndoing, type UndoSummary } from '../../../market/prices/imports/preview-queries.ts'
import { dropImport, findImport } from '../../../market/prices/imports/queries.ts'
import { answerAllBases, answerQuestion } from '../../../market/prices/imports/questions.ts'
import { AppError } from '../../../platform/errors.ts'
import type { Services } from '../../../platform/services.ts'
import { formAction } from '../../../web/form-action.ts'
import { PostedForm, readForm } from '../../../web/forms.ts'
import { rowNumber } from '../../row-numbers.ts'
import { labels } from '../labels.ts'
import { ById, showImport, showUndo } from './detail-routes.ts'

const acted = { preHandler: requireWriteAccess, schema: { params: ById, body: PostedForm } }

/** /admin/market/imports/:id/…: answering its questions, deciding its jumps, committing, dropping and undoing it. */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  const { sql } = services

  app.post('/:id/decisions', acted, async (request, reply) => {
    const { symbol, day, what, ratio } = readForm(request.body, ['symbol', 'day', 'what', 'ratio'], 40)
    return act(request, reply, { symbol, day, ratio }, async (importId) => {
      const decision = { symbol, day, ratio: what === 'own' ? null : parseRatio(ratio) }
      await decideJump(sql, importId, decision, actorOf(request))
      return null
    })
  })

  app.post('/:id/decisions/removal', acted, async (request, reply) => {
    const { symbol, day } = readForm(request.body, ['symbol', 'day'], 40)
    return act(request, reply, {}, async (importId) => {
      if (dayIn(day) === day) await deleteDecision(sql, importId, { symbol, day }, actorOf(request))
      return null
    })
  })

  app.post('/:id/questions', acted, async (request, reply) => {
    const { all, ...answer } = readForm(request.body, ['kind', 'symbol', 'seen', 'answer', 'all'], 400)
    return act(request, reply, {}, async (importId) => {
      if (all === 'basis') await answerAllBases(sql, importId, answer.answer, actorOf(request))
      else await answerQuestion(sql, importId, answer, actorOf(request))
      return null
    })
  })

  // The file may be of an earlier import, `of`, than the one whose page asks.
  app.post('/:id/basis', acted, async (request, reply) => {
    const names = ['symbol', 'day', 'basis', 'until', 'place', 'of', 'taken', 'asOf'] as const
    const { place, of, taken, asOf, ...typed } = readForm(request.body, names, 40)
    return act(request, reply, { ...typed, file: [of, place, taken, asOf].join('-') }, async () => {
      const file = {
        ...typed,
        place: /^\d{1,4}$/.test(place) ? Number(place) : -1,
        taken: { basis: taken === 'restated' ? ('restated' as const) : ('traded' as const), asOf: dayIn(asOf) },
      }
      await correctBasis(sql, rowNumber(of), file, actorOf(request))
      return null
    })
  })

  app.post('/:id/commit', acted, async (request, reply) =>
    act(request, reply, {}, async (importId) => {
      await commit(sql, importId, actorOf(request), versionIn(request.body))
      const { files } = (await findImport(sql, importId))!
      return files.some(({ prices }) => prices > 0) ? 'These prices are live.' : 'These NAVs are live.'
    }),
  )

  app.post('/:id/drop', acted, async (request, reply) =>
    act(request, reply, {}, async (importId) => {
      const isGone =
        (await dropImport(sql, importId, actorOf(request))) || (await findImport(sql, importId))?.status === 'dropped'
      if (!isGone) throw new AppError('conflict', 'This import was committed in the meantime. You can undo it.')
      return 'The import is discarded. None of it is live.'
    }),
  )

  app.post('/:id/undo', acted, async (request, reply) =>
    act(
      request,
      reply,
      {},
      async (importId) => {
        const before = await summariseUndoing(sql, importId)
        await undo(sql, importId, actorOf(request), versionIn(request.body))
        return `Import ${importId} is undone. ${effectOfUndoing(before)}`
      },
      showUndo,
    ),
  )

  /** Changes an import and goes to its page, with the notice that `change` answers; a refusal shows the form again. */
  async function act(
    request: FastifyRequest,
    reply: FastifyReply,
    typed: Record<string, string>,
    change: (importId: number) => Promise<string | null>,
    showAgain = showImport,
  ) {
    const importId = rowNumber((request.params as { id: string }).id)
    const done = async () => {
      const text = await change(importId)
      if (text) request.session.set('notice', { kind: 'good', text })
      return reply.leaveFor(`/admin/market/imports/${importId}`)
    }
    return formAction(reply, typed, done, (form) => showAgain(sql, request, reply, form))
  }
}
export default routes

/** The market's version that the page showed; 0, which is none, for what no page of ours sends. */
function versionIn(body: Parameters<typeof readForm>[0]): number {
  const { version } = readForm(body, ['version'], 16)
  return /^\d{1,15}$/.test(version) ? Number(version) : 0
}

/** What undoing an import did; `before` is the summary from just before, empty when it was undone already. */
function effectOfUndoing(before: UndoSummary[]): string {
  const back = before.reduce((total, row) => total + row.back, 0)
  const gone = before.reduce((total, row) => total + row.gone, 0)
  const sentences = [
    ...(back > 0 ? [`For ${labels.plural(back, 'price')} the earlier value is live again.`] : []),
    ...(gone > 0 ? [`${labels.plural(gone, 'price')} had no earlier value and are removed.`] : []),
  ]
  return sentences.length > 0 ? sentences.join(' ') : 'None of it is live.'
}
