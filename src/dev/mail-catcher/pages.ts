import { type Html, html } from './html.ts'
import type { CaughtMail, MailAddress } from './mail.ts'

/** The pages may load their style and show a mail in a frame, and nothing else. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  'img-src data:',
  "frame-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

// Longer sources are cut off here; the download has all of it.
const SHOWN_SOURCE = 200_000

const IST = new Intl.DateTimeFormat('en-IN', {
  timeZone: 'Asia/Kolkata',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
})

/** The list of mails, newest first. */
export function listPage(mails: CaughtMail[], { to }: { to: string }): string {
  return layout(
    'Mailbox',
    html`
    <header class="top">
      <div>
        <h1>Mailbox</h1>
        <p class="muted">Every mail this site sends is caught here. Nothing leaves this machine.</p>
      </div>
      <form class="search" role="search" action="/" method="get">
        <label for="to">Sent to</label>
        <input id="to" name="to" type="search" value="${to}" placeholder="name or address" autocomplete="off">
        <button>Search</button>
      </form>
    </header>
    ${mails.length ? html`<ul class="mails">${mails.map(item)}</ul>` : empty(to)}
    <footer>
      <a href="${to ? `/?to=${encodeURIComponent(to)}` : '/'}">Refresh</a>
      ${to ? html`<a href="/">Show all</a>` : null}
      ${mails.length && !to ? html`<form action="/clear" method="post"><button class="quiet">Delete all</button></form>` : null}
    </footer>`,
  )
}

/** One mail: as HTML, as plain text, or as it was sent. */
export function mailPage(mail: CaughtMail, { tab, source }: { tab: string; source: Buffer | null }): string {
  const tabs = [mail.html && 'html', mail.text && 'text', 'source'].filter(Boolean) as string[]
  const shown = tabs.includes(tab) ? tab : tabs[0]!
  const names: Record<string, string> = { html: 'HTML', text: 'Text', source: 'Source' }
  return layout(
    subjectOf(mail),
    html`
    <p class="back"><a href="/">All mail</a></p>
    <article>
      <h1>${subjectOf(mail)}</h1>
      <dl>
        <dt>From</dt><dd>${people([mail.from])}</dd>
        <dt>To</dt><dd>${people(mail.to)}</dd>
        ${mail.cc.length ? html`<dt>Cc</dt><dd>${people(mail.cc)}</dd>` : null}
        ${blind(mail).length ? html`<dt>Bcc</dt><dd>${blind(mail).join(', ')}</dd>` : null}
        <dt>Sent</dt><dd>${time(mail.date)}</dd>
      </dl>
      ${mail.attachments.length ? html`<ul class="files">${mail.attachments.map((file, index) => html`<li><a href="/mails/${mail.id}/attachments/${index}">${file.filename}</a> <span class="muted">${size(file.size)}</span></li>`)}</ul>` : null}
      <nav aria-label="Views">${tabs.map((name) => html`<a href="/mails/${mail.id}?tab=${name}"${name === shown ? html` aria-current="page"` : null}>${names[name]}</a>`)}</nav>
      ${body(mail, shown, source)}
    </article>`,
  )
}

/** The page for an address without a mail. */
export function missingPage(): string {
  return layout(
    'Not here',
    html`<h1>Not here</h1><p>There is no such page or mail. It may have been deleted.</p><p><a href="/">All mail</a></p>`,
  )
}

function body(mail: CaughtMail, shown: string, source: Buffer | null): Html {
  if (shown === 'html') {
    return html`<iframe title="The mail as HTML" src="/mails/${mail.id}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`
  }
  if (shown === 'text') return html`<pre tabindex="0">${mail.text}</pre>`
  return html`
    <p><a href="/mails/${mail.id}/source">Download the whole mail</a></p>
    <pre tabindex="0" class="source">${source?.subarray(0, SHOWN_SOURCE).toString('utf8')}</pre>`
}

function item(mail: CaughtMail): Html {
  return html`<li><a href="/mails/${mail.id}">
    <strong>${subjectOf(mail)}</strong>
    <span class="who">to ${people(mail.to.length ? mail.to : mail.recipients.map((address) => ({ address, name: '' })))}</span>
    <span class="muted who">from ${people([mail.from])}${mail.attachments.length ? ` · ${attachmentCount(mail.attachments.length)}` : ''}</span>
    <span class="muted when">${time(mail.date)}</span>
  </a></li>`
}

function empty(to: string): Html {
  return to ? html`<p class="empty">No mail to “${to}”</p>` : html`<p class="empty">No mail yet</p>`
}

function layout(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/mailbox.css">
</head>
<body><main>${content}</main></body>
</html>
`.text
}

function blind(mail: CaughtMail): string[] {
  const named = [...mail.to, ...mail.cc].map(({ address }) => address.toLowerCase())
  return mail.recipients.filter((address) => !named.includes(address.toLowerCase()))
}

function people(addresses: MailAddress[]): string {
  return addresses.map(({ address, name }) => (name ? `${name} <${address}>` : address)).join(', ') || 'nobody'
}

function subjectOf(mail: CaughtMail): string {
  return mail.subject || '(no subject)'
}

function time(iso: string): Html {
  return html`<time datetime="${iso}">${IST.format(new Date(iso))} IST</time>`
}

function attachmentCount(files: number): string {
  return files === 1 ? '1 attachment' : `${files} attachments`
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
