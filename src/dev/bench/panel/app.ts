import { once } from 'node:events'
import { buildApp } from '../../../app.ts'
import { cashfree } from '../../../billing/payments/cashfree.ts'
import { readConfig } from '../../../platform/config.ts'
import { connect } from '../../../platform/db.ts'
import { createLog } from '../../../platform/log.ts'
import { ready } from '../child.ts'
import { pool } from '../harness.ts'

export type PanelAssignment = { databaseUrl: string; port: number }

// The web part of the app, a process of its own, without the jobs: the database's statistics count the pages alone.
const assignment = once(process, 'message')
ready('ready')
const [{ databaseUrl, port }] = (await assignment) as [PanelAssignment]
const nowhere = 'http://127.0.0.1:1'
const config = readConfig({
  HOST: '127.0.0.1',
  PORT: String(port),
  BASE_URL: `http://127.0.0.1:${port}`,
  DATABASE_URL: databaseUrl,
  CASHFREE_CLIENT_ID: 'TEST_bench',
  CASHFREE_CLIENT_SECRET: 'cfsk_ma_test_bench',
  API_BASE: `${nowhere}/pg`,
  SMTP_SERVER: '127.0.0.1',
  SMTP_PORT: '1',
  SENDER_EMAIL: 'receipts@example.in',
  SESSION_KEY: 'ab'.repeat(32),
  RATE_LIMIT_SCALE: '1000000',
})
const log = createLog('warn')
const sql = connect(databaseUrl, { max: pool })
const gateway = cashfree({ ...config.cashfree, ...config.cashfree.credentials! })
const app = await buildApp({ services: { config, sql, gateway, log, wake() {} }, sessionKeys: config.sessionKeys })
await app.listen({ host: config.host, port })
process.send!(config.baseUrl)
