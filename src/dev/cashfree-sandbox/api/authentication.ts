import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SandboxContext } from '../context.ts'
import { toJson } from '../json.ts'
import { spoilAnswer, spoilCall } from './faulty.ts'
import { type Fields, fieldsOf } from './fields.ts'
import type { RateLimits } from './rate-limits.ts'
import { Refusal, refusals } from './refusal.ts'

export type Call = { params: Record<string, string>; fields: Fields }

export type Endpoint = {
  /** Its name in faults and rate limits: `orders.create`. */
  name: string
  method: 'GET' | 'POST' | 'PATCH' | 'PUT'
  path: string
  /** False for Order Pay, which browsers may call with nothing but the session. */
  credentials?: false
  handle(call: Call): unknown
}

type Answer = { status: number; body: string; replayed: boolean }

const VERSIONS = ['2021-05-21', '2022-01-01', '2022-09-01', '2023-08-01', '2025-01-01', '2026-01-01']

/** Handles an API call: version, credentials, rate limit, idempotency, then the endpoint's own work. */
export async function authenticated(
  context: SandboxContext,
  limits: RateLimits,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  if (await spoilCall(context, endpoint.name, request, reply)) return reply
  const version = header(request, 'x-api-version')
  const { over, headers } = limits.take(endpoint.name, endpoint.credentials === false ? request.ip : context.clientId)
  reply.headers({
    ...headers,
    'x-api-version': version,
    'x-request-id': header(request, 'x-request-id'),
    'x-idempotency-key': header(request, 'x-idempotency-key'),
  })

  let answer: Answer
  try {
    checkVersion(version)
    if (endpoint.credentials !== false) checkCredentials(context, request)
    if (over) throw refusals.tooMany()
    answer = onceOnly(context, endpoint, request, version)
  } catch (error) {
    answer = refused(error, version)
  }
  reply.code(answer.status).header('x-idempotency-replayed', String(answer.replayed)).type('application/json')
  return spoilAnswer(context, endpoint.name, reply, answer.body)
}

/** The same key with the same body gets the first answer again; with another body, 422. */
function onceOnly(context: SandboxContext, endpoint: Endpoint, request: FastifyRequest, version: string): Answer {
  const key = header(request, 'x-idempotency-key')
  const text = (request.body as string | undefined) ?? ''
  if (!key || endpoint.method === 'GET') return work(endpoint, request, text, version)

  const { remembered } = context.ledger
  const place = [context.clientId, request.method, request.url, key].join(' ')
  const fingerprint = createHash('sha256').update(text).digest('base64')
  const first = remembered.get(place)
  if (first && first.fingerprint !== fingerprint) throw refusals.keyReused()
  if (first) return { status: first.status, body: first.body, replayed: true }

  const answer = work(endpoint, request, text, version)
  if (answer.status === 200 || context.settings.idempotencyKeepsErrors) {
    remembered.set(place, { fingerprint, status: answer.status, body: answer.body })
    context.changed()
  }
  return answer
}

function work(endpoint: Endpoint, request: FastifyRequest, text: string, version: string): Answer {
  try {
    const fields = endpoint.method === 'GET' ? {} : fieldsOf(text)
    const entity = endpoint.handle({ params: request.params as Record<string, string>, fields })
    return { status: 200, body: toJson(entity), replayed: false }
  } catch (error) {
    return refused(error, version)
  }
}

function refused(error: unknown, version: string): Answer {
  if (!(error instanceof Refusal)) throw error
  return { status: error.status, body: toJson(error.body(version)), replayed: false }
}

function checkVersion(version: string) {
  if (!version) throw new Refusal(400, 'version_missing', 'x-api-version : is missing in the request. Value received: ')
  if (!VERSIONS.includes(version)) {
    throw new Refusal(400, 'version_invalid', `x-api-version : is not valid. Value received: ${version}`)
  }
}

function checkCredentials(context: SandboxContext, request: FastifyRequest) {
  const known =
    same(header(request, 'x-client-id'), context.clientId) &&
    same(header(request, 'x-client-secret'), context.clientSecret)
  if (!known) throw refusals.unauthenticated()
}

function same(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)]
  return one.length === other.length && timingSafeEqual(one, other)
}

function header(request: FastifyRequest, name: string): string {
  const value = request.headers[name]
  return typeof value === 'string' ? value : ''
}
