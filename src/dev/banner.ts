import type { RunningServices } from './services.ts'

/** What a person needs after `npm start`: where to go, and how to get in as the admin the first time. */
export function banner(house: RunningServices, admin: { username: string; password: string | null } | null): string {
  const lines = [
    ['Site', house.config.baseUrl],
    ['Admin', admin ? `${admin.username} / ${admin.password ?? 'the password shown at the first start'}` : null],
    ['', admin?.password ? 'The first log-in shows a QR code for an authenticator app.' : null],
    ['', admin ? `No app at hand? Its code: npm run admin -- --code ${admin.username}` : null],
    ['Mailbox', house.mailboxUrl],
    ['Cashfree sandbox', house.consoleUrl],
  ]
  const shown = lines.filter((line): line is [string, string] => line[1] !== null)
  return ['', ...shown.map(([label, value]) => `  ${label.padEnd(18)}${value}`), ''].join('\n')
}
