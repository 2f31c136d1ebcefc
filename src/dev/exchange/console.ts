import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import { dayIn } from '../../market/calendar/days.ts'
import { html } from '../cashfree-sandbox/html.ts'
import { type Control, ControlError } from './control.ts'
import { FAULTS, isFault } from './faults.ts'

const policy = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'"

type Body = { name?: string; day?: string; symbol?: string; to?: string }
type WithBody = { Body: Body | undefined }

/** The console at `/`, and the same over JSON under /control. A form redirects back to the console. */
export function consoleRoutes(control: Control) {
  return async (app: FastifyInstance) => {
    await app.register(formbody)
    app.setErrorHandler((error, _request, reply) => {
      const { message, statusCode = 500 } = error as Error & { statusCode?: number }
      return reply.code(error instanceof ControlError ? 422 : statusCode).send({ error: message })
    })

    app.get('/', async (_request, reply) =>
      reply
        .headers({ 'content-security-policy': policy, 'cache-control': 'no-store' })
        .type('text/html; charset=utf-8')
        .send(page(await control.state())),
    )
    app.get('/control/state', async () => control.state())
    app.post<WithBody>('/control/clock', async (request, reply) => {
      await moveClock(request.body?.to ?? '')
      return wantsPage(request.headers) ? reply.redirect('/', 303) : (await control.state()).clock
    })
    app.post<WithBody>('/control/faults', async (request, reply) => {
      const fault = await switchFault(request.body ?? {})
      return wantsPage(request.headers) ? reply.redirect('/', 303) : (fault ?? [])
    })
  }

  async function moveClock(to: string) {
    const moment = Date.parse(to)
    if (to === 'next-session') await control.nextSession()
    else if (to === 'real-time') control.resetClock()
    else if (Number.isNaN(moment)) throw new ControlError('“to” is next-session, real-time, or a moment in ISO form.')
    else control.setTime(moment)
  }

  async function switchFault({ name = '', day = '', symbol = '' }: Body) {
    if (name === 'none') return control.clearFaults()
    if (!isFault(name)) throw new ControlError(`There is no fault called ${name.slice(0, 40)}.`)
    const on = dayIn(day)
    if (day !== '' && on === null) throw new ControlError('The day must look like 2026-11-30.')
    return control.fault(name, { ...(on && { day: on }), symbol: symbol.trim().toUpperCase() })
  }
}

function wantsPage(headers: { accept?: string }): boolean {
  return headers.accept?.includes('text/html') ?? false
}

function page({ clock, sessions, faults }: Awaited<ReturnType<Control['state']>>): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Exchange look-alike</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/console.css">
</head>
<body>
<header class="top">
  <h1>Exchange look-alike</h1>
  <p>Files like NSE’s, with invented prices. The site fetches each session’s file from 6 pm on, by its own clock; this one only decides which files are out.</p>
</header>
<main>
  <div class="panels">
  <section class="card"><h2>Clock</h2>
    <p class="time">${clock.now.slice(0, 16).replace('T', ' ')}</p>
    <p class="faint">${clock.offsetMs === 0 ? 'India, real time' : 'India, not real time'}</p>
    <form method="post" action="/control/clock" class="buttons">
      <button name="to" value="next-session">Go to the next file</button>
      ${clock.offsetMs !== 0 && html`<button name="to" value="real-time">Back to real time</button>`}
    </form>
  </section>
  <section class="card"><h2>Sessions</h2>
    <ul class="list">${sessions.map(
      ({ day, appears, hasAppeared }) =>
        html`<li>${day} <span class="tag ${hasAppeared ? 'SUCCESS' : 'PENDING'}">${
          hasAppeared ? 'is out' : `appears ${appears.slice(0, 16).replace('T', ' ')}`
        }</span></li>`,
    )}</ul>
  </section>
  </div>
  <section><h2>Faults</h2>
    ${
      faults.length > 0 &&
      html`<ul class="list">${faults.map(
        ({ name, day, symbol }) =>
          html`<li><span class="tag FAILED">${day}</span> ${FAULTS[name]} ${symbol && html`<code>${symbol}</code>`}</li>`,
      )}</ul>
      <form method="post" action="/control/faults" class="buttons"><button name="name" value="none">Clear all</button></form>`
    }
    <p class="faint">No day: the next file. No symbol: BANKBEES.</p>
    <form method="post" action="/control/faults" class="card">
      <div class="buttons">
        <input name="day" type="date" aria-label="Day">
        <input name="symbol" maxlength="20" placeholder="BANKBEES" aria-label="Symbol">
      </div>
      <div class="buttons">${(Object.entries(FAULTS) as [string, string][]).map(
        ([name, label]) => html`<button name="name" value="${name}">${label}</button>`,
      )}</div>
    </form>
  </section>
</main>
</body>
</html>`.markup
}
