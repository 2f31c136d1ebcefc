import { receiveMail } from '../mail-catcher/smtp.ts'

/** A mail server that can be stopped. */
export type MailServer = {
  port: number
  /** How often each Message-ID was accepted. */
  accepted: Map<string, number>
  /** By number of a receipt, the messages that announce it in their subject: whom to, and Message-ID. */
  receipts: Map<string, Set<string>>
  stop(): Promise<void>
  open(): Promise<void>
}

/** Starts it on any free port of loopback; it keeps nothing but the counts. */
export async function startMailServer(): Promise<MailServer> {
  const accepted = new Map<string, number>()
  const receipts = new Map<string, Set<string>>()
  const store = async (raw: Buffer) => {
    const text = raw.toString('latin1')
    const id = /^message-id: *(\S+)/im.exec(text)?.[1] ?? 'none'
    accepted.set(id, (accepted.get(id) ?? 0) + 1)
    const number = /[ _]receipt[ _](R\d{4}-\d+)/.exec(subjectOf(text))?.[1]
    if (!number) return
    const address = /^delivered-to: *(\S+)/im.exec(text)?.[1]
    receipts.set(number, (receipts.get(number) ?? new Set()).add(`${address} ${id}`))
  }
  const listen = (port: number) => receiveMail({ host: '127.0.0.1', port, store })
  let running: Awaited<ReturnType<typeof listen>> | null = await listen(0)
  const { port } = running
  return {
    port,
    accepted,
    receipts,
    async stop() {
      await running?.close()
      running = null
    },
    async open() {
      running ??= await listen(port)
    },
  }
}

/** The subject on one line, its encoded words (RFC 2047) put together and left encoded, which letters and digits are not. */
function subjectOf(mail: string): string {
  const [, folded = ''] = /^subject: *((?:.|\r?\n[ \t])*)/im.exec(mail) ?? []
  return folded.replace(/\?=\s+=\?UTF-8\?Q\?/gi, '').replace(/\r?\n/g, '')
}
