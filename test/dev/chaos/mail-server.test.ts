import { createTransport } from 'nodemailer'
import { afterAll, expect, test } from 'vitest'
import { startMailServer } from '../../../src/dev/chaos/mail-server.ts'

const mails = await startMailServer()
const transport = createTransport({ host: '127.0.0.1', port: mails.port, ignoreTLS: true })
afterAll(async () => {
  transport.close()
  await mails.stop()
})

const send = (to: string, subject: string, messageId: string) =>
  transport.sendMail({ from: 'receipts@example.in', to, subject, messageId, text: 'Thank you.' })

test('a receipt’s number is read from the subject, however that is folded, and who was sent it is kept', async () => {
  await send('asha@example.in', '₹499 received, your plan is active: receipt R2627-000012', '<one@example.in>')
  await send('asha@example.in', '₹499 received, your plan is active: receipt R2627-000012', '<one@example.in>')
  await send('ravi@example.in', '₹4,990 received, your plan is active: receipt R2627-000012', '<two@example.in>')
  await send('ravi@example.in', 'Confirm your address', '<three@example.in>')
  expect([...mails.receipts]).toEqual([
    ['R2627-000012', new Set(['asha@example.in <one@example.in>', 'ravi@example.in <two@example.in>'])],
  ])
  expect(mails.accepted.get('<one@example.in>')).toBe(2)
})
