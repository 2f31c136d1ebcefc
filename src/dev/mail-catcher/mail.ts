import PostalMime, { type Address, type Attachment, type Email } from 'postal-mime'

export interface MailAddress {
  address: string
  name: string
}

export interface CaughtMail {
  id: string
  from: MailAddress
  to: MailAddress[]
  cc: MailAddress[]
  /** Every address of the envelope, blind copies included. */
  recipients: string[]
  subject: string
  /** Its Date header, in ISO 8601. */
  date: string
  /** When it was caught, in ISO 8601. */
  receivedAt: string
  messageId: string
  html: string | null
  text: string | null
  /** By lower-case name; a header that occurs several times is joined with commas. */
  headers: Record<string, string>
  attachments: { filename: string; mimeType: string; size: number }[]
}

export interface MailFile {
  filename: string
  mimeType: string
  contentId: string | null
  content: Buffer
}

/** Parses a raw mail; one that cannot be parsed has an error in place of its subject. */
export async function readMail(id: string, raw: Buffer): Promise<CaughtMail> {
  const email = await parse(raw)
  const receivedAt = new Date(Number.parseInt(id, 10)).toISOString()
  const sent = new Date(email.date ?? '')
  return {
    id,
    from: flat(email.from ? [email.from] : [])[0] ?? { address: '', name: '' },
    to: flat(email.to),
    cc: flat(email.cc),
    recipients: email.headers.filter(({ key }) => key === 'delivered-to').map(({ value }) => value),
    subject: email.subject ?? '',
    date: Number.isNaN(sent.getTime()) ? receivedAt : sent.toISOString(),
    receivedAt,
    messageId: email.messageId ?? '',
    html: email.html ?? null,
    text: email.text ?? null,
    headers: headersOf(email),
    attachments: email.attachments.map(fileOf).map(({ filename, mimeType, content }) => ({
      filename,
      mimeType,
      size: content.length,
    })),
  }
}

/** The attachments of a raw mail with their content, in the order of `attachments`. */
export async function filesIn(raw: Buffer): Promise<MailFile[]> {
  return (await parse(raw)).attachments.map(fileOf)
}

async function parse(raw: Buffer): Promise<Email> {
  try {
    return await PostalMime.parse(raw)
  } catch (error) {
    return { headers: [], headerLines: [], attachments: [], subject: `(cannot be read: ${(error as Error).message})` }
  }
}

function fileOf(attachment: Attachment, index: number): MailFile {
  const { content, encoding, contentId, filename, mimeType } = attachment
  return {
    filename: filename || `attachment-${index + 1}`,
    mimeType,
    contentId: contentId?.replace(/^<|>$/g, '') ?? null,
    content:
      typeof content === 'string'
        ? Buffer.from(content, encoding)
        : Buffer.from(content instanceof Uint8Array ? content : new Uint8Array(content)),
  }
}

function headersOf(email: Email): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { key, value } of email.headers) headers[key] = key in headers ? `${headers[key]}, ${value}` : value
  return headers
}

function flat(addresses: Address[] = []): MailAddress[] {
  return addresses
    .flatMap((one) => (one.group ? one.group : [one]))
    .map(({ address, name }) => ({ address: address ?? '', name }))
}
