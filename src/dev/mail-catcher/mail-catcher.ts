import type { CaughtMail } from './mail.ts'
import { openRawMails } from './raw-mails.ts'
import { receiveMail } from './smtp.ts'
import { createStore } from './store.ts'
import { serveWeb } from './web.ts'

export type { CaughtMail } from './mail.ts'

export interface MailboxOptions {
  host: string
  /** 0: any free port, for both. */
  smtpPort: number
  webPort: number
  /** Names besides this machine's own that the web mailbox may be reached under. */
  names?: string[]
  /** Where raw mails are kept across restarts; null keeps them in memory. */
  dir: string | null
  log?: (line: string) => void
}

export interface Mailbox {
  smtpPort: number
  webPort: number
  webUrl: string
  /** Every mail caught and kept, newest first. */
  list(): Promise<CaughtMail[]>
  close(): Promise<void>
}

/** Catches every mail sent to it over SMTP, delivers none, and shows them in a web mailbox. */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const log = options.log ?? (() => {})
  const store = createStore(await openRawMails(options.dir))
  const web = await serveWeb(store, {
    host: options.host,
    port: options.webPort,
    names: options.names ?? [],
  })
  const smtp = await receiveMail({
    host: options.host,
    port: options.smtpPort,
    keep: async (raw) => log(`mail ${(await store.add(raw)).id} caught`),
  }).catch(async (error) => {
    await web.close()
    throw error
  })
  return {
    smtpPort: smtp.port,
    webPort: web.port,
    webUrl: `http://${nameOf(options.host)}:${web.port}`,
    list: () => store.list(),
    close: async () => {
      await Promise.all([smtp.close(), web.close()])
    },
  }
}

function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
