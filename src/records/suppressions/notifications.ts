import { matches, type Static, type TSchema, Type } from '../../platform/schema.ts'

/** What became of a mail to an address: it does not exist, it could not take mail just then, or its owner called it spam. */
export type MailEvent = { kind: 'hard-bounce' | 'soft-bounce' | 'complaint'; email: string; reason: string }

/**
 * A notification as we understand it: its id at the provider, and what it reports of whom; or the address at which Amazon SNS wants its
 * subscription confirmed. No events: it is about something that does not concern us.
 */
export type Notification = { key: string; events: MailEvent[] } | { confirmAt: string }

export const providers = ['ses', 'postmark', 'json'] as const
export type Provider = (typeof providers)[number]

/** Reads a provider's notification. Null: it is none, or of a shape that we do not know. */
export function readNotification(provider: Provider, body: unknown): Notification | null {
  return { ses: fromSns, postmark: fromPostmark, json: fromJson }[provider](body)
}

const Text = Type.String({ maxLength: 100_000 })
const Sns = Type.Object({
  Type: Text,
  MessageId: Text,
  Message: Text,
  SubscribeURL: Type.Optional(Text),
})
const Recipients = Type.Array(Type.Object({ emailAddress: Text, diagnosticCode: Type.Optional(Text) }), {
  maxItems: 100,
})
const Ses = Type.Object({
  notificationType: Type.Optional(Text),
  eventType: Type.Optional(Text),
  mail: Type.Object({ messageId: Text }),
  bounce: Type.Optional(
    Type.Object({
      bounceType: Text,
      bounceSubType: Type.Optional(Text),
      bouncedRecipients: Recipients,
      feedbackId: Type.Optional(Text),
    }),
  ),
  complaint: Type.Optional(
    Type.Object({
      complainedRecipients: Recipients,
      complaintFeedbackType: Type.Optional(Type.Union([Text, Type.Null()])),
      feedbackId: Type.Optional(Text),
    }),
  ),
})

/** Amazon SES, through SNS or with "raw message delivery" without it; notifications and event publishing alike. */
function fromSns(body: unknown): Notification | null {
  const sns = as(Sns, body)
  if (!sns) return fromSes(body)
  if (sns.Type === 'SubscriptionConfirmation') return sns.SubscribeURL ? { confirmAt: sns.SubscribeURL } : null
  if (sns.Type === 'UnsubscribeConfirmation') return { key: sns.MessageId, events: [] }
  return fromSes(parsed(sns.Message))
}

function fromSes(body: unknown): Notification | null {
  const ses = as(Ses, body)
  if (!ses) return null
  const { bounce, complaint, mail } = ses
  const key = bounce?.feedbackId ?? complaint?.feedbackId ?? mail.messageId
  if (bounce) {
    const kind = bounce.bounceType === 'Permanent' ? 'hard-bounce' : 'soft-bounce'
    const why = [bounce.bounceType, bounce.bounceSubType].filter(Boolean).join(' ')
    const events = bounce.bouncedRecipients.map(({ emailAddress, diagnosticCode }) =>
      event(kind, emailAddress, diagnosticCode ?? why),
    )
    return { key, events }
  }
  // "not-spam" is what somebody says who takes a complaint back.
  if (complaint && complaint.complaintFeedbackType !== 'not-spam') {
    const why = complaint.complaintFeedbackType ?? 'abuse'
    return {
      key,
      events: complaint.complainedRecipients.map(({ emailAddress }) => event('complaint', emailAddress, why)),
    }
  }
  return { key, events: [] }
}

const Postmark = Type.Object({
  RecordType: Text,
  ID: Type.Union([Type.Integer(), Text]),
  Type: Type.Optional(Text),
  Email: Text,
  Description: Type.Optional(Text),
  Details: Type.Optional(Text),
})
/** Types of https://postmarkapp.com/developer/api/bounce-api that say nothing of whether mail arrives. */
const noBounces = ['AutoResponder', 'ChallengeVerification', 'OpenRelayTest', 'Subscribe', 'Unsubscribe', 'Unconfirmed']

function fromPostmark(body: unknown): Notification | null {
  // Deliveries, opens and clicks have other fields, and do not concern us.
  const type = as(Type.Object({ RecordType: Text }), body)?.RecordType
  if (type && /^(Delivery|Open|Click|SubscriptionChange)$/.test(type)) return { key: '', events: [] }
  const told = as(Postmark, body)
  if (!told) return null
  const key = `${told.RecordType} ${told.ID}`
  const reason = told.Details || told.Description || told.Type || ''
  if (told.RecordType === 'SpamComplaint') return { key, events: [event('complaint', told.Email, reason)] }
  if (told.RecordType !== 'Bounce') return { key, events: [] }
  if (noBounces.includes(told.Type ?? '')) return { key, events: [] }
  const kind = /^(HardBounce|BadEmailAddress)$/.test(told.Type ?? '')
    ? 'hard-bounce'
    : /^Spam(Notification|Complaint)$/.test(told.Type ?? '')
      ? 'complaint'
      : 'soft-bounce'
  return { key, events: [event(kind, told.Email, reason)] }
}

const Plain = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 200 }),
  event: Type.Enum(['hard-bounce', 'soft-bounce', 'complaint']),
  email: Text,
  reason: Type.Optional(Text),
})

/** For every other provider, by a few lines of the operator's own: {"id", "event", "email", "reason"?}. */
function fromJson(body: unknown): Notification | null {
  const told = as(Plain, body)
  return told && { key: told.id, events: [event(told.event, told.email, told.reason ?? '')] }
}

function event(kind: MailEvent['kind'], email: string, reason: string): MailEvent {
  const address = /<([^<>]*)>\s*$/.exec(email)?.[1] ?? email
  return { kind, email: storable(address, 320).trim().toLowerCase(), reason: storable(reason, 300) }
}

/** PostgreSQL keeps neither a zero character nor half a pair of surrogates. */
function storable(text: string, longest: number): string {
  return text.replaceAll('\0', '').slice(0, longest).toWellFormed()
}

function as<T extends TSchema>(schema: T, value: unknown): Static<T> | null {
  return matches(schema, value) ? value : null
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
