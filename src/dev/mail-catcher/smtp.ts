import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import { portTaken } from './ports.ts'

const LIMIT = 10 * 1024 * 1024

/** Takes mail from anyone for anyone; a mail is accepted only after `keep` has kept it. */
export async function receiveMail(options: {
  host: string
  port: number
  keep: (raw: Buffer) => Promise<void>
}): Promise<{ port: number; close(): Promise<void> }> {
  const server = new SMTPServer({
    banner: 'mail catcher, nothing is delivered',
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, answer) => answer(null, { user: 'anyone' }),
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    size: LIMIT,
    closeTimeout: 500,
    onData: (stream, session, answer) => {
      const chunks: Buffer[] = []
      // The rest of a mail that is too large is read and dropped: the sender listens only after its end.
      stream.on('data', (chunk: Buffer) => stream.sizeExceeded || chunks.push(chunk))
      stream.on('end', () => {
        if (stream.sizeExceeded) {
          answer(Object.assign(new Error('the mail is larger than 10 MB'), { responseCode: 552 }))
          return
        }
        const raw = Buffer.concat([Buffer.from(envelopeOf(session)), ...chunks])
        options.keep(raw).then(
          () => answer(null),
          (error: Error) => answer(Object.assign(new Error(error.message), { responseCode: 451 })),
        )
      })
    },
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portTaken(error, { port: options.port, what: 'SMTP' })))
    server.listen(options.port, options.host, resolve)
  })
  // A connection that breaks is the sender's trouble; without a listener it would end this process.
  server.on('error', () => {})
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

// Blind copies are only in the envelope, so it is written on top of the mail, as a real mail server does.
function envelopeOf({ envelope }: SMTPServerSession): string {
  const sender = envelope.mailFrom ? envelope.mailFrom.address : ''
  const lines = [`Return-Path: <${sender}>`, ...envelope.rcptTo.map(({ address }) => `Delivered-To: ${address}`)]
  return `${lines.map((line) => line.replace(/[\r\n]+/g, ' ')).join('\r\n')}\r\n`
}
