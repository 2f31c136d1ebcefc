import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nodemailer, { type SendMailOptions } from 'nodemailer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type MailCatcher, startMailCatcher } from '../../src/dev/mail-catcher/mail-catcher.ts'

let dir: string
let mailbox: MailCatcher

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mailbox-'))
  mailbox = await start()
})

afterEach(async () => {
  await mailbox.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('catching', () => {
  test('a mail is caught with everything it holds', async () => {
    await send({
      from: '"D’s Sector" <reports@example.com>',
      to: '"Asha Rao" <asha@example.com>, ravi@example.com',
      subject: 'आपकी रसीद ₹499',
      text: 'plain',
      html: '<p>rich</p>',
      headers: { 'List-Unsubscribe': '<https://example.com/u>' },
      attachments: [{ filename: 'receipt.pdf', content: Buffer.from('%PDF-1.7') }],
    })
    const [mail] = await mailbox.list()
    expect(mail).toMatchObject({
      from: { address: 'reports@example.com', name: 'D’s Sector' },
      to: [
        { address: 'asha@example.com', name: 'Asha Rao' },
        { address: 'ravi@example.com', name: '' },
      ],
      subject: 'आपकी रसीद ₹499',
      html: expect.stringContaining('<p>rich</p>'),
      text: expect.stringContaining('plain'),
      headers: { 'list-unsubscribe': '<https://example.com/u>' },
      attachments: [{ filename: 'receipt.pdf', mimeType: 'application/pdf', size: 8 }],
    })
    expect(mail!.messageId).toMatch(/^<.+@.+>$/)
  })

  test('any name and password is taken', async () => {
    await send({ subject: 'signed in' }, { user: 'someone', pass: 'anything' })
    expect(await subjects()).toEqual(['signed in'])
  })

  test('a blind copy is found under its recipient', async () => {
    await send({ to: 'asha@example.com', bcc: 'boss@example.com', subject: 'secret copy' })
    expect(await api('/api/mails?to=boss@')).toMatchObject([{ subject: 'secret copy' }])
    expect(await api('/api/mails?to=nobody@')).toEqual([])
  })

  test('a mail over ten megabytes is refused', async () => {
    const big = { subject: 'big', attachments: [{ filename: 'a', content: Buffer.alloc(9 * 1024 * 1024) }] }
    await expect(send(big)).rejects.toThrow(/552|size/)
    expect(await subjects()).toEqual([])
  })

  test('a broken mail is shown rather than lost', async () => {
    await send({ raw: 'no headers at all, only this' })
    const [mail] = await mailbox.list()
    expect(await (await get(`/mails/${mail!.id}?tab=source`)).text()).toContain('no headers at all, only this')
  })
})

describe('keeping', () => {
  test('mail is still there after a restart', async () => {
    await send({ subject: 'first' })
    await send({ subject: 'second' })
    await mailbox.close()
    mailbox = await start()
    expect(await subjects()).toEqual(['second', 'first'])
  })

  test('only the last five hundred are kept', async () => {
    for (let index = 0; index < 505; index += 1) {
      writeFileSync(join(dir, `${1_700_000_000_000 + index}-00000000.eml`), `Subject: ${index}\r\n\r\nhello`)
    }
    await send({ subject: 'newest' })
    const kept = await subjects()
    expect(kept).toHaveLength(500)
    expect(kept[0]).toBe('newest')
    expect(kept[499]).toBe('6')
    expect(readdirSync(dir)).toHaveLength(500)
  })

  test('without a folder mail is kept in memory', async () => {
    const other = await startMailCatcher({ host: '127.0.0.1', smtpPort: 0, webPort: 0, dir: null })
    await send({ subject: 'fleeting' }, undefined, other)
    expect((await other.list()).map(({ subject }) => subject)).toEqual(['fleeting'])
    await other.close()
  })

  test('all mail can be deleted', async () => {
    await send({ subject: 'gone' })
    expect((await get('/api/mails', { method: 'DELETE' })).status).toBe(204)
    expect(await subjects()).toEqual([])
    await send({ subject: 'gone too' })
    expect((await get('/clear', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    expect((await get('/clear', { method: 'POST', body: new URLSearchParams() })).status).toBe(200)
    expect(await subjects()).toEqual([])
  })

  test('a port that is taken is named in a sentence', async () => {
    const options = { host: '127.0.0.1', dir: null }
    await expect(startMailCatcher({ ...options, smtpPort: mailbox.smtpPort, webPort: 0 })).rejects.toThrow(
      `Port ${mailbox.smtpPort}`,
    )
    await expect(startMailCatcher({ ...options, smtpPort: 0, webPort: mailbox.webPort })).rejects.toThrow(
      `Port ${mailbox.webPort}`,
    )
  })
})

describe('the pages', () => {
  test('say so while there is no mail', async () => {
    expect(await (await get('/')).text()).toContain('No mail yet')
    expect(await (await get('/?to=x')).text()).toContain('No mail to “x”')
  })

  test('list the newest mail first, in Indian time', async () => {
    await send({ subject: 'older', date: new Date('2026-01-31T20:00:00Z') })
    await send({ subject: 'newer', to: '"Asha Rao" <asha@example.com>' })
    const page = await (await get('/')).text()
    expect(page.indexOf('>newer<')).toBeLessThan(page.indexOf('>older<'))
    expect(page).toMatch(/1 Feb 2026, 1:30\sam IST/)
    expect(page).toContain('Asha Rao')
  })

  test('show whatever a sender wrote as letters, never as markup', async () => {
    const evil = '<script>alert(1)</script>"\''
    await send({ subject: evil, to: { name: evil, address: 'asha@example.com' }, text: evil })
    const [mail] = await mailbox.list()
    for (const path of [
      '/',
      `/mails/${mail!.id}`,
      `/mails/${mail!.id}?tab=source`,
      `/?to=${encodeURIComponent(evil)}`,
    ]) {
      expect(await (await get(path)).text()).not.toContain('<script')
    }
  })

  test('show the HTML in a frame that may run nothing and load nothing', async () => {
    await send({ html: '<head></head><p>hi</p><script>1</script>' })
    const [mail] = await mailbox.list()
    const page = await get(`/mails/${mail!.id}`)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await page.text()).toMatch(/<iframe [^>]*sandbox="allow-popups allow-popups-to-escape-sandbox"/)

    const frame = await get(`/mails/${mail!.id}/html`)
    expect(frame.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox allow-popups/)
    expect(frame.headers.get('content-security-policy')).not.toMatch(/script-src|https?:/)
    expect(await frame.text()).toContain('<head><base target="_blank"></head>')
  })

  test('put a picture that came with the mail into it', async () => {
    const content = Buffer.from('89504e47', 'hex')
    await send({ html: '<img src="cid:logo@x">', attachments: [{ filename: 'l.png', content, cid: 'logo@x' }] })
    const [mail] = await mailbox.list()
    expect(await (await get(`/mails/${mail!.id}/html`)).text()).toContain(
      `src="data:image/png;base64,${content.toString('base64')}"`,
    )
  })

  test('give attachments and the whole mail as downloads', async () => {
    const content = Buffer.from([0, 255, 10])
    await send({ text: 'x', attachments: [{ filename: 'रसीद "1".pdf', content }] })
    const [mail] = await mailbox.list()
    const file = await get(`/mails/${mail!.id}/attachments/0`)
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; .*filename\*=UTF-8''%E0%A4%B0/)
    expect(file.headers.get('content-type')).toBe('application/pdf')
    expect(Buffer.from(await file.arrayBuffer())).toEqual(content)
    const source = await get(`/mails/${mail!.id}/source`)
    expect(await source.text()).toContain(`Message-ID: ${mail!.messageId}`)
  })

  test('do not know mails that do not exist, nor files outside the folder', async () => {
    writeFileSync(join(dir, 'notes.eml'), 'Subject: not a caught mail\r\n\r\n')
    for (const id of ['notes', '..%2fnotes', '1700000000000-00000000', '%00']) {
      expect((await get(`/mails/${id}`)).status).toBe(404)
      expect((await get(`/mails/${id}/source`)).status).toBe(404)
      expect((await get(`/api/mails/${id}`)).status).toBe(404)
    }
    expect(await subjects()).toEqual([])
  })
})

test('one mail can be read as JSON', async () => {
  await send({ subject: 'for a test', text: 'code 123456' })
  const [mail] = await mailbox.list()
  expect(await api(`/api/mails/${mail!.id}`)).toEqual(mail)
})

function start(): Promise<MailCatcher> {
  return startMailCatcher({ host: '127.0.0.1', smtpPort: 0, webPort: 0, dir })
}

async function send(mail: SendMailOptions, auth?: { user: string; pass: string }, to = mailbox): Promise<void> {
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: to.smtpPort, ignoreTLS: true, auth })
  const envelope = mail.raw ? { envelope: { from: 'us@example.com', to: 'you@example.com' } } : {}
  await transport.sendMail({
    from: 'us@example.com',
    to: 'you@example.com',
    subject: 'hi',
    text: 'hi',
    ...envelope,
    ...mail,
  })
}

function get(path: string, init?: RequestInit): Promise<Response> {
  return fetch(mailbox.webUrl + path, init)
}

async function api(path: string): Promise<unknown> {
  return (await get(path)).json()
}

async function subjects(): Promise<string[]> {
  return (await mailbox.list()).map(({ subject }) => subject)
}
