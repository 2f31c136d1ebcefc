import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cashfree } from '../../src/billing/payments/cashfree.ts'
import { GatewayUnavailable } from '../../src/billing/payments/gateway.ts'
import { good, key, ofAnother, outOfDate } from './certificates.ts'

const usual = getCACertificates('default')
let server: Server
let calls: string[] = []
let clientId = ''
beforeAll(async () => {
  // 'localhost' is trusted here, so that only what is wrong with a certificate can be the reason to refuse it.
  setDefaultCACertificates([...usual, good, ofAnother, outOfDate])
  server = createServer({ key, cert: good }, (request, response) => {
    if (request.headers['x-client-id'] === clientId) calls.push(String(request.headers['x-client-secret']))
    response.writeHead(200, { 'content-type': 'application/json' })
    const dripping = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(dripping))
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
})
afterAll(() => {
  setDefaultCACertificates(usual)
  server.closeAllConnections()
  server.close()
})

async function ask(cert: string) {
  server.setSecureContext({ key, cert })
  server.closeAllConnections()
  calls = []
  // What the test before had asked may still be on its way in: it has another id.
  clientId = `TEST_${randomUUID()}`
  const { port } = server.address() as AddressInfo
  const gateway = cashfree({
    apiBase: `https://localhost:${port}/pg`,
    clientId,
    clientSecret: 'cfsk_ma_test_x',
    timeoutMs: 700,
  })
  const began = performance.now()
  const error = await gateway.fetchOrder('ds_any').catch((thrown: unknown) => thrown)
  return { error, ms: performance.now() - began }
}

describe('a Cashfree', () => {
  test('an answer that drips is given up on in time', async () => {
    const { error, ms } = await ask(good)
    expect(error).toBeInstanceOf(GatewayUnavailable)
    expect(calls).toContain('cfsk_ma_test_x')
    expect(ms).toBeLessThan(5_000)
  })

  test.each([
    ['with a certificate of another host', ofAnother],
    ['with a certificate that is out of date', outOfDate],
  ])('%s is not told our keys', async (_what, cert) => {
    const { error } = await ask(cert)
    expect(error).toBeInstanceOf(GatewayUnavailable)
    expect(calls).toEqual([])
  })

  test('with a certificate of nobody is not told our keys', async () => {
    setDefaultCACertificates(usual)
    const { error } = await ask(good)
    expect(error).toBeInstanceOf(GatewayUnavailable)
    expect(calls).toEqual([])
  })
})
