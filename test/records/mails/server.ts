import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { SMTPServer } from 'smtp-server'

export type Taken = { to: string; messageId: string; raw: string }
/** `says` is what follows the code, e.g. "4.7.0 Slow down". */
type Refusal =
  | { responseCode: number; at: 'MAIL' | 'RCPT' | 'DATA'; says?: string }
  | 'hang-up'
  | 'drop-after-data'
  | null

/** An SMTP server that takes, refuses or breaks as a test says, by recipient. */
export type MailServer = {
  port: number
  taken: Taken[]
  connections: number
  /** How many mails it had at once, at most. */
  most: number
  /** Asked at MAIL as well, before the recipient is known: then with "". */
  answer: (to: string) => Refusal
  /** So long it thinks about each mail before it answers, in milliseconds. */
  latency: number
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
    most: 0,
    answer: () => null,
    latency: 0,
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
  let now = 0
  const refusal = (responseCode: number, says = 'refused by the test') =>
    Object.assign(new Error(says), { responseCode })
  const refusedAt = (at: 'MAIL' | 'RCPT', to: string) => {
    const wanted = server.answer(to)
    return wanted !== null && typeof wanted === 'object' && wanted.at === at
      ? refusal(wanted.responseCode, wanted.says)
      : null
  }
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect: (_session, answer) => {
      server.connections++
      answer()
    },
    onMailFrom: (_address, _session, answer) => answer(refusedAt('MAIL', '')),
    onRcptTo: ({ address }, _session, answer) => answer(refusedAt('RCPT', address)),
    onData: (stream, session, answer) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', async () => {
        server.most = Math.max(server.most, ++now)
        if (server.latency > 0) await pause(server.latency)
        now--
        const to = session.envelope.rcptTo[0]!.address
        const raw = Buffer.concat(chunks).toString('utf8')
        const wanted = server.answer(to)
        if (wanted !== null && typeof wanted === 'object') return answer(refusal(wanted.responseCode, wanted.says))
        if (wanted !== 'hang-up')
          server.taken.push({ to, raw, messageId: /^message-id:\s*(\S+)/im.exec(raw)?.[1] ?? '' })
        if (wanted === null) answer(null)
        // Otherwise the connection breaks before, or just after, the mail was kept: the sender cannot tell which.
        else for (const line of smtp.connections) if (line.id === session.id) line.close()
      })
    },
  })
  smtp.on('error', () => {})
  return smtp
}
