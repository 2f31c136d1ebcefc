import { startSandbox } from '../dev/cashfree-sandbox/sandbox.ts'
import { onlyOwnBrowser } from '../dev/local-browser.ts'

// `npm run sandbox`: the Cashfree look-alike alone, for a product that runs elsewhere.
const { env } = process
const clientId = env.CASHFREE_CLIENT_ID || 'TEST_SANDBOX'
const clientSecret = env.CASHFREE_CLIENT_SECRET || 'cfsk_ma_test_sandbox_secret'
const sandbox = await startSandbox({
  host: env.SANDBOX_HOST || '127.0.0.1',
  port: Number(env.SANDBOX_PORT ?? 3001),
  clientId,
  clientSecret,
  webhookUrl: env.SANDBOX_WEBHOOK_URL || null,
  subscriptionWebhookUrl: env.SANDBOX_SUBSCRIPTION_WEBHOOK_URL || null,
  stateFile: null,
  protect: onlyOwnBrowser,
  log: (line) => console.log(line),
}).catch((error: NodeJS.ErrnoException) => {
  const busy = error.code === 'EADDRINUSE'
  console.error(busy ? 'That port is taken; choose another with SANDBOX_PORT.' : error.message)
  process.exit(1)
})

console.log(`Cashfree sandbox look-alike (no money moves)
  console   ${sandbox.publicUrl}/
  API       ${sandbox.publicUrl}/pg
  script    ${sandbox.publicUrl}/js/v3/cashfree.js
  id        ${clientId}
  secret    ${env.CASHFREE_CLIENT_SECRET ? 'the one in CASHFREE_CLIENT_SECRET' : clientSecret}
  webhooks  ${env.SANDBOX_WEBHOOK_URL || 'nowhere: set SANDBOX_WEBHOOK_URL'}
  of subscriptions ${env.SANDBOX_SUBSCRIPTION_WEBHOOK_URL || 'nowhere: set SANDBOX_SUBSCRIPTION_WEBHOOK_URL'}
Ctrl-C ends it.`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sandbox.close().then(() => process.exit(0)))
}
