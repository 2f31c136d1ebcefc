import type { TestApp } from '../../support/app.ts'

export const secret = 'a-secret-of-twenty-four-signs-or-more'
export const older = 'the-older-secret-of-the-two-that-count'

/** Sends a notification as a provider does, and answers status and word. */
export async function notify(app: TestApp, provider: string, body: unknown, authorization = basic(secret)) {
  const answer = await fetch(`${app.url}/webhooks/mail/${provider}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=UTF-8', ...(authorization ? { authorization } : {}) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: answer.status, says: ((await answer.json()) as { status: string }).status }
}
export const basic = (password: string) => `Basic ${Buffer.from(`sns:${password}`).toString('base64')}`

const sns = (message: object, id = crypto.randomUUID()) => ({
  Type: 'Notification',
  MessageId: id,
  TopicArn: 'arn:aws:sns:ap-south-1:123456789012:mails',
  Message: JSON.stringify(message),
})
/** A bounce as Amazon SES reports it through SNS. */
export const sesBounce = (email: string, bounceType = 'Permanent', feedbackId = crypto.randomUUID()) =>
  sns({
    notificationType: 'Bounce',
    mail: { messageId: '0100' },
    bounce: {
      bounceType,
      bounceSubType: 'General',
      feedbackId,
      bouncedRecipients: [{ emailAddress: email, status: '5.1.1', diagnosticCode: 'smtp; 550 5.1.1 user unknown' }],
    },
  })
export const sesComplaint = (email: string, complaintFeedbackType: string | null = 'abuse') =>
  sns({
    eventType: 'Complaint',
    mail: { messageId: '0100' },
    complaint: {
      complainedRecipients: [{ emailAddress: email }],
      complaintFeedbackType,
      feedbackId: crypto.randomUUID(),
    },
  })
export const postmark = (email: string, given: { RecordType?: string; Type?: string; ID?: number } = {}) => ({
  RecordType: 'Bounce',
  Type: 'HardBounce',
  ID: 4_000_000_000 + Math.floor(Math.random() * 1e9),
  Email: email,
  Description: 'The server was unable to deliver your message (ex: unknown user, mailbox not found).',
  Details: 'smtp;550 5.1.1 no such user',
  ...given,
})
export const plain = (email: string, event: string, id = crypto.randomUUID()) => ({
  id,
  event,
  email,
  reason: 'said so',
})
