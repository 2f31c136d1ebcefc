import { SMTPServer } from 'smtp-server'
import { listening, ready } from './child.ts'

// A process of its own: a mail server that accepts and drops all mails, and counts how often each Message-ID came.
const accepted = new Map<string, number>()
const mailServer = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  disableReverseLookup: true,
  onData: (stream, _session, done) => {
    let head = ''
    stream.on('data', (chunk: Buffer) => {
      if (head.length < 4_096) head += chunk.toString('latin1')
    })
    stream.on('end', () => {
      const id = /^message-id:\s*(\S+)/im.exec(head)?.[1] ?? ''
      accepted.set(id, (accepted.get(id) ?? 0) + 1)
      done()
    })
  },
})
mailServer.on('error', () => {})
process.on('message', () => {
  const all = [...accepted.values()]
  process.send!({ distinct: all.length, twice: all.filter((count) => count > 1).length })
})
ready({ smtp: await listening(mailServer.server) })
