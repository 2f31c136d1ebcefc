import { SMTPServer } from 'smtp-server'
import { listening, ready } from './child.ts'

// A process of its own: a mail server that takes all, keeps nothing, and counts which Message-ID came how often.
const taken = new Map<string, number>()
const post = new SMTPServer({
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
      taken.set(id, (taken.get(id) ?? 0) + 1)
      done()
    })
  },
})
post.on('error', () => {})
process.on('message', () => {
  const all = [...taken.values()]
  process.send!({ distinct: all.length, twice: all.filter((count) => count > 1).length })
})
ready({ smtp: await listening(post.server) })
