import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireUser } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import type { Services } from '../../platform/services.ts'
import { recordPaperDownload } from '../../records/audit/queries.ts'
import { type Paper, paperOfCreditNote, paperOfReceipt } from './paper.ts'
import { printed } from './print.ts'
import { findCreditNoteRow, findReceiptRow, type ListedPaper, listTakenBack } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'billing/receipts/show': { paper: Paper; takenBack: readonly ListedPaper[]; mayAct: boolean }
  }
}

const ByFile = Type.Object({ file: Type.String({ maxLength: 40 }) })

/**
 * GET /receipts/:number, /credit-notes/:number and the same with .pdf: for the buyer and for admins; for everybody else they do
 * not exist. A receipt's page says what was refunded since; its PDF stays as issued, because the credit note is what corrects it.
 */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  const signedIn = { preHandler: requireUser, schema: { params: ByFile } }

  app.get('/receipts/:file', signedIn, async (request, reply) => {
    const [, number, pdf] = /^(R\d{4}-\d{6,})(\.pdf)?$/.exec(request.params.file) ?? []
    const row = number ? await findReceiptRow(services.sql, number) : undefined
    const paper = visible(request, row && paperOfReceipt(row))
    return pdf ? sendPdf(request, reply, paper) : showPaper(reply, paper, request.mayAct)
  })

  app.get('/credit-notes/:file', signedIn, async (request, reply) => {
    const [, number, pdf] = /^(C\d{4}-\d{6,})(\.pdf)?$/.exec(request.params.file) ?? []
    const row = number ? await findCreditNoteRow(services.sql, number) : undefined
    const paper = visible(request, row && paperOfCreditNote(row))
    return pdf ? sendPdf(request, reply, paper) : showPaper(reply, paper, request.mayAct)
  })

  async function showPaper(reply: FastifyReply, paper: Paper, mayAct: boolean) {
    const takenBack = paper.kind === 'credit-note' ? [] : await listTakenBack(services.sql, paper)
    return reply.page('billing/receipts/show', { paper, takenBack, mayAct })
  }

  async function sendPdf(request: FastifyRequest, reply: FastifyReply, paper: Paper) {
    if (paper.userId !== request.user!.id) await recordPaperDownload(services.sql, paper, actorOf(request))
    return reply
      .header('cache-control', 'no-store')
      .header('content-disposition', `inline; filename="${paper.number}.pdf"`)
      .type('application/pdf')
      .send(await printed(paper, services.log))
  }
}
export default routes

/** The paper, for its buyer and for admins. Throws AppError `not-found` for everybody else. */
function visible(request: FastifyRequest, paper: Paper | undefined): Paper {
  const { user } = request
  if (!paper || !user || (paper.userId !== user.id && user.role === 'subscriber'))
    throw new AppError('not-found', 'There is no such receipt in your account.')
  return paper
}
