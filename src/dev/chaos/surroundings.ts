import { type Sandbox, startSandbox } from '../cashfree-sandbox/sandbox.ts'
import { type MailServer, startMailServer } from './mail-server.ts'
import { startProxy } from './proxy.ts'

/** What the product talks to besides its database, on loopback. */
export type Surroundings = {
  sandbox: Sandbox
  /** The look-alike's API and its keys, for what happens in Cashfree's dashboard. */
  gatewayApi: string
  keys: typeof keys
  mails: MailServer
  /** The ports that the product connects to. */
  ports: { gateway: number; mail: number }
  /** Settings of the product that name it all. */
  env: Record<string, string>
  close(): Promise<void>
}

const keys = { clientId: 'TEST_chaos', clientSecret: 'cfsk_ma_test_chaos' }
/** Cashfree's retries after 2, 10 and 30 minutes, shortened to seconds. */
const retries = [1_500, 4_000, 9_000]

/** Starts Cashfree's look-alike, the proxy before it and a mail server. */
export async function startSurroundings(): Promise<Surroundings> {
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    ...keys,
    webhookUrl: null,
    stateFile: null,
    settings: { webhookDelayMs: 100, refundDelayMs: 200, webhookRetriesMs: retries, webhookTimeoutMs: 4_000 },
  })
  const proxy = await startProxy({ host: '127.0.0.1', port: sandbox.port })
  const mails = await startMailServer()
  return {
    sandbox,
    gatewayApi: `http://127.0.0.1:${sandbox.port}/pg`,
    keys,
    mails,
    ports: { gateway: proxy.port, mail: mails.port },
    env: {
      CASHFREE_CLIENT_ID: keys.clientId,
      CASHFREE_CLIENT_SECRET: keys.clientSecret,
      API_BASE: `http://127.0.0.1:${proxy.port}/pg`,
      CASHFREE_TIMEOUT_MS: '1500',
      SMTP_SERVER: '127.0.0.1',
      SMTP_PORT: String(mails.port),
      SENDER_EMAIL: 'receipts@example.in',
      SESSION_KEY: 'ab'.repeat(32),
      RECONCILE_INTERVAL_MS: '2000',
      RECONCILE_MIN_AGE_MS: '0',
    },
    async close() {
      await mails.stop()
      proxy.close()
      await sandbox.close()
    },
  }
}
