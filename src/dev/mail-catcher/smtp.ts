import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'

const LIMIT = 10 * 1024 * 1024

/** Accepts mail from anyone to anyone, each once `store` has stored it. */
export async function receiveMail(options: {
  host: string
  port: number
  store: (raw: Buffer) => Promise<void>
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
      // The rest of a mail that is too large is read and dropped: the sender reads the answer only after its end.
      stream.on('data', (chunk: Buffer) => stream.sizeExceeded || chunks.push(chunk))
      stream.on('end', () => {
        if (stream.sizeExceeded) {
          answer(Object.assign(new Error('the mail is larger than 10 MB'), { responseCode: 552 }))
          return
        }
        const raw = Buffer.concat([Buffer.from(envelopeOf(session)), ...chunks])
        options.store(raw).then(
          () => answer(null),
          (error: Error) => answer(Object.assign(new Error(error.message), { responseCode: 451 })),
        )
      })
    },
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  // A broken connection concerns the sender alone; without a listener the error would end this process.
  server.on('error', () => {})
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

// Blind copies are named in the envelope only, so it is written above the mail, as a real mail server does.
function envelopeOf({ envelope }: SMTPServerSession): string {
  const sender = envelope.mailFrom ? envelope.mailFrom.address : ''
  const lines = [`Return-Path: <${sender}>`, ...envelope.rcptTo.map(({ address }) => `Delivered-To: ${address}`)]
  return `${lines.map((line) => line.replace(/[\r\n]+/g, ' ')).join('\r\n')}\r\n`
}
