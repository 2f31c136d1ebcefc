import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Eta } from 'eta'
import { createTransport } from 'nodemailer'
import type { Config } from './config.ts'
import { fmt } from './format.ts'

export type SmtpSettings = {
  host: string
  port: number
  sender: string
  senderName: string
  /** Where replies go. */
  replyTo: string
  password: string
  /** How many are kept for mails to many. */
  connections: number
}

/** What connecting takes. */
type Server = Omit<SmtpSettings, 'senderName' | 'replyTo' | 'connections'>

export type Message = {
  to: { name: string; address: string }
  /** Stable per mail: the Message-ID is derived from it, so that a mail sent twice is recognised as one. */
  messageKey: string
  /** views/mail/<template>.subject.eta, .text.eta and .html.eta */
  template: string
  data: object
  /** With a `cid` it is an image that the HTML shows as `cid:…`. */
  attachments?: Attachment[]
  /** As they are in the mail, one line each. */
  headers?: Record<string, string>
  /** One of many: it is sent over a pooled connection. */
  bulk?: boolean
}

type Attachment = { filename: string; content: Buffer; contentType: string; cid?: string }

export type Mailer = { send(message: Message): Promise<void>; close(): void }

const views = join(import.meta.dirname, '..', '..', 'views')
const html = new Eta({ views, cache: true })
const text = new Eta({ views, cache: true, autoEscape: false, autoTrim: false })
const overallMs = 20_000
const idleMs = 1_000

/** Subject and both bodies of a mail as they are sent. Throws when the template does not exist. */
export function writtenMail(template: string, data: object): { subject: string; text: string; html: string } {
  const base = `/mail/${template}`
  if (!existsSync(join(views, `${base}.html.eta`))) throw new Error(`no such mail template: ${template}`)
  const known = { ...data, fmt }
  return {
    subject: text.render(`${base}.subject.eta`, known).replace(/\s+/g, ' ').trim(),
    text: text.render(`${base}.text.eta`, known),
    html: html.render(`${base}.html.eta`, known),
  }
}

/** The HTML of a mail as a document of its own, its attached images inlined. */
export function withPictures(html: string, attachments: readonly Attachment[] = []): string {
  return attachments.reduce(
    (text, { cid, content, contentType }) =>
      cid ? text.replaceAll(`cid:${cid}`, `data:${contentType};base64,${content.toString('base64')}`) : text,
    html,
  )
}

/**
 * The SMTP connection for mails and for the doctor alike: implicit TLS on port 465, elsewhere STARTTLS, which is required when
 * there is a password and not used with a loopback server without one.
 */
export function smtpTransport(
  { host, port, password, sender }: Server,
  more: { pool?: true; maxConnections?: number; maxMessages?: number; maxRequeues?: number } = {},
) {
  const loopback = /^(localhost|127\.|::1)/.test(host)
  return createTransport({
    host,
    port,
    secure: port === 465,
    requireTLS: port !== 465 && password !== '',
    ignoreTLS: loopback && password === '',
    ...(password === '' ? {} : { auth: { user: sender, pass: password } }),
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 10_000,
    dnsTimeout: 5_000,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(more as object),
  })
}

/**
 * Connections for many mails one after the other, opened with the first and closed a second after the last: one that stayed
 * open would be found dead by a later mail. A failure while a mail is handed over is thrown, never retried here: the mail may
 * have arrived.
 */
function pooledConnections(settings: Server & Pick<SmtpSettings, 'connections'>) {
  let open: ReturnType<typeof pooled> | undefined
  let busy = 0
  let idle: NodeJS.Timeout | undefined
  const maxConnections = settings.connections
  const pooled = () => smtpTransport(settings, { pool: true, maxConnections, maxMessages: 100, maxRequeues: 0 })
  const close = () => {
    clearTimeout(idle)
    open?.close()
    open = undefined
  }
  return {
    async use<T>(work: (transport: ReturnType<typeof smtpTransport>) => Promise<T>): Promise<T> {
      clearTimeout(idle)
      open ??= pooled()
      busy++
      try {
        return await work(open)
      } finally {
        if (--busy === 0) idle = setTimeout(close, idleMs).unref()
      }
    },
    close,
  }
}

/** The mailer that the settings describe. */
export const mailerOf = ({ smtp, mail, seller }: Pick<Config, 'smtp' | 'mail' | 'seller'>): Mailer =>
  connectMailer({
    ...smtp,
    host: smtp.host!,
    senderName: seller.name,
    replyTo: seller.email,
    connections: mail.connections,
  })

/** Sends rendered mails. Each takes at most 20 seconds whatever the server does. Throws what nodemailer throws. */
export function connectMailer(settings: SmtpSettings): Mailer {
  const { sender } = settings
  const transport = smtpTransport(settings)
  const many = pooledConnections(settings)
  return {
    async send(message) {
      const mail: Parameters<typeof transport.sendMail>[0] = {
        from: { name: settings.senderName, address: sender },
        // As an object: a string would be parsed as a list, and a name could smuggle in a second recipient.
        to: { name: message.to.name.replace(/[\r\n]/g, ' '), address: message.to.address },
        replyTo: { name: settings.senderName, address: settings.replyTo },
        ...writtenMail(message.template, message.data),
        ...(message.attachments ? { attachments: message.attachments } : {}),
        headers: onOneLineEach({
          ...message.headers,
          'Message-ID': `<${message.messageKey.replace(/[^\w.-]/g, '-')}@${domainOf(sender)}>`,
          // RFC 3834, and Exchange's header for the same: no out-of-office replies.
          'Auto-Submitted': 'auto-generated',
          'X-Auto-Response-Suppress': 'OOF, AutoReply',
        }),
        // Quoted-printable costs several times the processor time, which counts where there are thousands.
        ...(message.bulk ? { textEncoding: 'base64' as const } : {}),
      }
      await withinLimit(message.bulk ? many.use((pooled) => pooled.sendMail(mail)) : transport.sendMail(mail))
    },
    close: () => {
      many.close()
      transport.close()
    },
  }
}

/**
 * What the server's refusal is about: `for-good`, this recipient or message (5xx); `by-policy`, the same, or all that we send (5.7,
 * and 554 without an enhanced code: a suspended account); `for-now`, this recipient or message (4xx); `of-us`, the sender,
 * its rate or the server itself, so that any other mail would be refused as well. Null when it fell silent or hung up: the mail may
 * be why. Everything before the recipient is named is of us, and so is a server that cannot be reached or never greets. After it the
 * enhanced status code (RFC 3463) says what it is about: 4.3 the system, 4.7 policy,
 * 4.4.5 congestion; 4.1 and 4.2 the mailbox. Without one, 421, 450, 452 and 454 are of us: that is what providers answer to a rate
 * that is too high. Greylisting is about one recipient, whatever its code.
 */
export function refusalOf(error: unknown): 'for-good' | 'by-policy' | 'for-now' | 'of-us' | null {
  const { responseCode: code, response = '', command = '' } = error as Refusal
  if (code === undefined) return isAway(error as Refusal) ? 'of-us' : null
  if (code === 421 || !/^(RCPT TO|DATA)$/.test(command)) return 'of-us'
  const enhanced = /^\d{3}[ -]([45]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1]
  if (enhanced && /^[45]\.4\.5$/.test(enhanced)) return 'of-us'
  if (code >= 500) return enhanced?.startsWith('5.7.') || (!enhanced && code === 554) ? 'by-policy' : 'for-good'
  if (/gr[ae]y-?list/i.test(response)) return 'for-now'
  const isOfUs = enhanced ? /^4\.[37]\./.test(enhanced) : [450, 452, 454].includes(code)
  return isOfUs ? 'of-us' : 'for-now'
}

type Refusal = {
  responseCode?: number
  response?: string
  command?: string
  code?: string
  syscall?: string
  timeoutType?: string
}

/** No mail had anything to do with it: there was no name, no connection, no greeting or no encryption. */
function isAway({ code = '', syscall, timeoutType = '' }: Refusal): boolean {
  return /^(EDNS|ETLS)$/.test(code) || syscall === 'connect' || /^(CONNECT|GREETING|UPGRADE)_TIMEOUT$/.test(timeoutType)
}

function withinLimit<T>(sending: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the mail server took too long')), overallMs)
    sending.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/**
 * Headers unfolded, where nodemailer would fold lines longer than 76 characters: readers of List-Unsubscribe and Message-ID
 * expect one line each, and RFC 5322 allows 998 characters. What is not plain ASCII is left to nodemailer's encoding.
 */
function onOneLineEach(headers: Record<string, string>) {
  // An object, to carry `prepared`; a string as well, because nodemailer's pool reads the Message-ID as one.
  const prepared = (value: string) => Object.assign(Object(value) as string, { prepared: true, value })
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      /^[\x20-\x7e]{1,900}$/.test(value) ? prepared(value) : value,
    ]),
  )
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1) || 'localhost'
}
