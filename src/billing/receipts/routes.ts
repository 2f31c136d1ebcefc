import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { requireUser } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { printed } from './print.ts'
import { findReceiptRow, listTakenBack } from './queries.ts'
import { type Receipt, receiptOf } from './receipts.ts'

declare module '../../web/views.ts' {
  interface Views {
    'billing/receipts/show': { receipt: Receipt; takenBack: Awaited<ReturnType<typeof listTakenBack>> }
  }
}

const ByFile = Type.Object({ file: Type.String({ maxLength: 40 }) })

/**
 * GET /receipts/:number and the same with .pdf: for the buyer and for admins; for everybody else it does not exist. The
 * page says what was refunded since; the PDF stays as issued, because the credit note is what corrects it.
 */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  app.get('/receipts/:file', { preHandler: requireUser, schema: { params: ByFile } }, async (request, reply) => {
    const [, number, pdf] = /^(R\d{4}-\d{6,})(\.pdf)?$/.exec(request.params.file) ?? []
    const receipt = await visibleReceipt(services, request, number)
    if (!pdf)
      return reply.page('billing/receipts/show', { receipt, takenBack: await listTakenBack(services.sql, receipt) })
    return reply
      .header('cache-control', 'no-store')
      .header('content-disposition', `inline; filename="${receipt.number}.pdf"`)
      .type('application/pdf')
      .send(await printed(receipt, services.log))
  })
}
export default routes

async function visibleReceipt(
  services: Services,
  request: FastifyRequest,
  number: string | undefined,
): Promise<Receipt> {
  const row = number ? await findReceiptRow(services.sql, number) : undefined
  const allowed = row && (row.userId === request.user?.id || (request.user && request.user.role !== 'subscriber'))
  if (!allowed) throw new AppError('not-found', 'There is no such receipt in your account.')
  return receiptOf(row)
}
