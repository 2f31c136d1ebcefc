import type { RunningServices } from './services.ts'

/** What is worth saying of a process that does not do everything. */
const roles = {
  all: null,
  web: 'pages without jobs: another process needs ROLE=worker',
  worker: 'jobs without pages',
} as const

/** What `npm start` prints: the addresses, and how to log in as the admin the first time. */
export function banner(services: RunningServices, admin: { username: string; password: string | null } | null): string {
  const lines = [
    ['Site', services.config.role === 'worker' ? null : services.config.baseUrl],
    ['Role', roles[services.config.role]],
    ['Admin', admin ? `${admin.username} / ${admin.password ?? 'the password shown at the first start'}` : null],
    ['', admin?.password ? 'The first log-in shows a QR code for an authenticator app.' : null],
    ['', admin ? `No app at hand? Log in with the password, then: npm run admin -- --code ${admin.username}` : null],
    ['Mailbox', services.mailCatcherUrl],
    ['Cashfree sandbox', services.sandboxUrl],
    ['Exchange', services.exchangeUrl],
  ]
  const shown = lines.filter((line): line is [string, string] => line[1] !== null)
  return ['', ...shown.map(([label, value]) => `  ${label.padEnd(18)}${value}`), ''].join('\n')
}
