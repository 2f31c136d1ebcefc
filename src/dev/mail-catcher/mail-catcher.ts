import type { CaughtMail } from './mail.ts'
import { openRawMails } from './raw-mails.ts'
import { receiveMail } from './smtp.ts'
import { createStore } from './store.ts'
import { serveWeb } from './web.ts'

export interface MailCatcherOptions {
  host: string
  /** 0: any free port, for both. */
  smtpPort: number
  webPort: number
  /** Host names besides this machine's own under which its pages may be opened. */
  names?: string[]
  /** Folder of the raw mails, which survive restarts there; null holds them in memory. */
  dir: string | null
  log?: (line: string) => void
}

export interface MailCatcher {
  smtpPort: number
  webPort: number
  webUrl: string
  /** The stored mails, newest first. */
  list(): Promise<CaughtMail[]>
  close(): Promise<void>
}

/** Stores every mail sent to it over SMTP, delivers none, and shows them on web pages. Throws when a port is taken. */
export async function startMailCatcher(options: MailCatcherOptions): Promise<MailCatcher> {
  const log = options.log ?? (() => {})
  const store = createStore(await openRawMails(options.dir))
  const web = await serveWeb(store, {
    host: options.host,
    port: options.webPort,
    names: options.names ?? [],
  }).catch((error) => refuse(error, options.webPort, 'web'))
  const smtp = await receiveMail({
    host: options.host,
    port: options.smtpPort,
    store: async (raw) => log(`mail ${(await store.add(raw)).id} caught`),
  }).catch(async (error) => {
    await web.close()
    return refuse(error, options.smtpPort, 'SMTP')
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

/** Says in a sentence that the port is taken; rethrows any other error as it is. */
function refuse(error: unknown, port: number, what: string): never {
  if ((error as NodeJS.ErrnoException)?.code !== 'EADDRINUSE') throw error
  throw new Error(`Port ${port}, wanted for the mail catcher (${what}), is taken by another program.`)
}

function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
