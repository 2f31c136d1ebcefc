import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export type Taken = { to: string; messageId: string; raw: string }
type Refusal = { responseCode: number; at: 'RCPT' | 'DATA' } | 'hang-up' | 'drop-after-data' | null

/** An SMTP server that takes, refuses or breaks as a test says, by recipient. */
export type MailServer = {
  port: number
  taken: Taken[]
  connections: number
  answer: (to: string) => Refusal
  /** Stops listening; `open` starts again on the same port. */
  stop: () => Promise<void>
  open: () => Promise<void>
}

export async function startMailServer(): Promise<MailServer> {
  let running: SMTPServer | undefined
  const server: MailServer = {
    port: 0,
    taken: [],
    connections: 0,
    answer: () => null,
    stop: () =>
      new Promise((resolve) => {
        running ? running.close(() => resolve()) : resolve()
        running = undefined
      }),
    open: async () => {
      running = listener(server)
      await new Promise<void>((resolve) => running!.listen(server.port, '127.0.0.1', resolve))
      server.port = (running.server.address() as AddressInfo).port
    },
  }
  await server.open()
  return server
}

function listener(server: MailServer): SMTPServer {
  const refusal = (responseCode: number) => Object.assign(new Error('refused by the test'), { responseCode })
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect: (_session, answer) => {
      server.connections++
      answer()
    },
    onRcptTo: (address, _session, answer) => {
      const wanted = server.answer(address.address)
      answer(
        wanted !== null && typeof wanted === 'object' && wanted.at === 'RCPT' ? refusal(wanted.responseCode) : null,
      )
    },
    onData: (stream, session, answer) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const to = session.envelope.rcptTo[0]!.address
        const raw = Buffer.concat(chunks).toString('utf8')
        const wanted = server.answer(to)
        if (wanted !== null && typeof wanted === 'object') return answer(refusal(wanted.responseCode))
        if (wanted !== 'hang-up')
          server.taken.push({ to, raw, messageId: /^message-id:\s*(\S+)/im.exec(raw)?.[1] ?? '' })
        if (wanted === null) answer(null)
        // Otherwise the connection breaks before, or just after, the mail was kept: the sender cannot tell which.
        else answer(refusal(421))
      })
    },
  })
  smtp.on('error', () => {})
  return smtp
}
