import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SandboxContext } from '../context.ts'
import { toJson } from '../json.ts'
import { Refusal, refusals } from './refusal.ts'

const SILENCE_MS = 19_000

/** Faults before any work is done. True when the call has been answered, or never will be. */
export async function spoilCall(
  context: SandboxContext,
  endpoint: string,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { faults } = context
  const hang = faults.take('hang', endpoint)
  if (hang) {
    await silence(context, hang.ms)
    return hangUp(request, reply)
  }
  const slow = faults.take('slow', endpoint)
  if (slow) await silence(context, slow.ms)

  const limited = faults.take('rateLimited', endpoint)
  if (limited) {
    reply.headers({
      'x-ratelimit-limit': '30',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-retry': String(limited.retryAfterS ?? 30),
      'x-ratelimit-type': 'app_id',
    })
    return refuse(reply, refusals.tooMany())
  }
  const broken = faults.take('serverError', endpoint)
  if (broken) {
    return refuse(reply, new Refusal(broken.status ?? 500, 'internal_error', 'internal Server Error', 'api_error'))
  }
  if (faults.take('badGateway', endpoint)) {
    return refuse(reply, new Refusal(502, 'bank_processing_failure', 'Bank processing failure', 'api_error'))
  }
  if (faults.take('redirect', endpoint)) {
    reply.code(307).header('location', `${context.publicUrl}/elsewhere${request.url}`).send()
    return true
  }
  if (faults.take('garbage', endpoint)) {
    reply.code(200).type('text/html').send('<html><body><h1>We will be back soon</h1></body></html>')
    return true
  }
  return false
}

/** Faults once the work is done: the answer is cut or lost. */
export function spoilAnswer(context: SandboxContext, endpoint: string, reply: FastifyReply, body: string) {
  if (context.faults.take('replyLost', endpoint)) {
    hangUp(reply.request, reply)
    return reply
  }
  if (
    (endpoint === 'payments.list' || endpoint === 'charges.list') &&
    context.faults.take('paymentsUnreadable', endpoint)
  ) {
    return reply.send('[{"cf_payment_id":"2149')
  }
  return reply.send(body)
}

function refuse(reply: FastifyReply, refusal: Refusal) {
  reply
    .code(refusal.status)
    .type('application/json')
    .send(toJson(refusal.body('2025-01-01')))
  return true
}

function hangUp(request: FastifyRequest, reply: FastifyReply) {
  reply.hijack()
  request.raw.socket.destroy()
  return true
}

/** Waits in real time, as the client's timeout does; ends when the sandbox closes. */
async function silence(context: SandboxContext, ms = SILENCE_MS) {
  await sleep(ms, undefined, { signal: context.closing }).catch(() => {})
}
