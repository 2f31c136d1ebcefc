import { smtpTransport } from '../../platform/mailer.ts'
import type { DoctorContext } from './context.ts'
import { type Finding, failure, ok, reasonOf } from './finding.ts'

const about = 'mail'

/** The mail server: whether it answers and accepts the log-in. Sends nothing. */
export async function checkMail({ config, standIn }: DoctorContext): Promise<Finding[]> {
  const { host, port, password } = config.smtp
  const transport = transportOf(config)
  try {
    await transport.verify()
    return [ok(about, `${host}:${port} ${password ? 'accepts our log-in' : 'answers; no log-in is configured'}`)]
  } catch (error) {
    if (standIn.mail) return [ok(about, 'the mail catcher stands in, and runs while the site does')]
    return [failure(about, `${host}:${port}: ${reasonOf(error)}`, adviceFor(error))]
  } finally {
    transport.close()
  }
}

/** Sends one plain mail, so that a person can see whether it arrives. */
export async function sendTestMail({ config }: DoctorContext, to: string): Promise<Finding[]> {
  const transport = transportOf(config)
  try {
    await transport.sendMail({
      from: { name: config.seller.name, address: config.smtp.sender },
      to: { name: '', address: to },
      subject: `A test from ${config.seller.name}`,
      text: `This mail was sent from ${config.baseUrl} to see whether mail arrives. It did. There is nothing to do.\n`,
    })
    return [ok('test mail', 'was accepted by the server; check that it arrives, and not as spam (SPF, DKIM, DMARC)')]
  } catch (error) {
    return [failure('test mail', reasonOf(error), adviceFor(error))]
  } finally {
    transport.close()
  }
}

/** The transport that mails are sent with; the mail catcher on this machine where no server is configured. */
function transportOf({ smtp }: DoctorContext['config']) {
  return smtpTransport({ ...smtp, host: smtp.host ?? '127.0.0.1' })
}

function adviceFor(error: unknown): string {
  const { code, responseCode } = error as { code?: string; responseCode?: number }
  if (code === 'EAUTH' || responseCode === 535)
    return 'SENDER_EMAIL or SENDER_PASSWORD is wrong; Gmail and others want an app password.'
  if (code === 'ETLS' || code === 'ESOCKET')
    return 'Check SMTP_PORT (465 speaks TLS at once, 587 offers STARTTLS) and the server’s certificate.'
  if (code === 'EENVELOPE') return 'The server does not accept this sender or recipient.'
  return 'Check SMTP_SERVER and SMTP_PORT; many hosts block outgoing mail ports. Receipts wait and go out later.'
}
