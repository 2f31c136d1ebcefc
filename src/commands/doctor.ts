import { join } from 'node:path'
import { cashfree } from '../billing/payments/cashfree.ts'
import { withDatabase } from '../dev/services.ts'
import type { DoctorContext } from '../operations/doctor/context.ts'
import { examine } from '../operations/doctor/doctor.ts'
import { explainOrder } from '../operations/doctor/explain-order.ts'
import { type Finding, failure, report } from '../operations/doctor/finding.ts'
import { sendTestMail } from '../operations/doctor/smtp.ts'
import { type Config, ConfigError, readConfig } from '../platform/config.ts'
import { loadEnvironmentFile, root } from '../platform/environment.ts'
import { parseArguments } from './arguments.ts'

const usage = `Is everything well, and if not, what is to be done? Exit code 1 when something does not work:
  npm run doctor
  npm run doctor -- --order ID               explains one order
  npm run doctor -- --mail you@example.in    sends a test mail besides`

const { values } = parseArguments(usage, { options: { order: { type: 'string' }, mail: { type: 'string' } } })

const config = settings()
if (config) await withDatabase(config, async (databaseUrl) => run(contextOf(config, databaseUrl)))

async function run(context: DoctorContext): Promise<void> {
  if (values.order !== undefined) {
    const gateway = cashfree({ ...context.config.cashfree, ...context.config.cashfree.credentials! })
    const { text, well } = await explainOrder({ databaseUrl: context.databaseUrl, gateway }, values.order)
    console.log(text)
    if (!well) process.exitCode = 1
    return
  }
  print([...(await examine(context)), ...(values.mail === undefined ? [] : await sendTestMail(context, values.mail))])
}

function print(findings: Finding[]): void {
  console.log(report(findings))
  if (findings.some(({ level }) => level === 'failure')) process.exitCode = 1
}

/** The settings as the site reads them; null after their problems were printed. */
function settings(): Config | null {
  const name = loadEnvironmentFile()
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    print(
      error.problems.map((problem) =>
        failure('settings', problem, `Set it in the environment or in ${name}; .env.production.example explains it.`),
      ),
    )
    return null
  }
}

/** Where a part is not configured, the settings point to the embedded one that stands in. */
function contextOf(given: Config, databaseUrl: string): DoctorContext {
  const { embedded } = given
  const standIn = { cashfree: given.cashfree.credentials === null, mail: given.smtp.host === null }
  const sandbox = `http://127.0.0.1:${embedded.sandboxPort}`
  const secret = 'cfsk_ma_test_sandbox_secret'
  return {
    config: {
      ...given,
      smtp: standIn.mail ? { ...given.smtp, host: '127.0.0.1', port: embedded.mailboxSmtpPort } : given.smtp,
      cashfree: standIn.cashfree
        ? {
            ...given.cashfree,
            credentials: {
              clientId: 'TEST_SANDBOX',
              clientSecret: secret,
              webhookSecrets: [secret],
              autopaySecrets: [secret],
            },
            apiBase: `${sandbox}/pg`,
            jsUrl: `${sandbox}/js/v3/cashfree.js`,
          }
        : given.cashfree,
    },
    databaseUrl,
    standIn,
    root,
    backupDir: given.operations.backupDir ?? join(root, '.data', 'backups'),
  }
}
