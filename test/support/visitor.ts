import type { TestApp } from './app.ts'

export type Answer = { status: number; headers: Headers; body: string; location: string | null; json: () => unknown }

let people = 0

/** A form that registers; every call is another person. */
export function registration(changes: Record<string, string> = {}): Record<string, string> {
  people++
  const id = `${Date.now().toString(36)}${people}`
  return {
    name: 'Asha Rao',
    username: `asha.${id}`,
    email: `asha.${id}@example.in`,
    phone: '98765 00001',
    state: '27',
    password: 'TestPass123',
    plan: 'monthly',
    ...changes,
  }
}

/** A person with a browser that keeps cookies and does not follow redirects. */
export class Visitor {
  readonly cookies = new Map<string, string>()
  readonly app: Pick<TestApp, 'url'> & { host?: string }

  /** `host`: the name people ask for, passed on as by a proxy that the site trusts. */
  constructor(app: Pick<TestApp, 'url'> & { host?: string }) {
    this.app = app
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers)
  }

  /** Posts a form, as a browser on our own page does. */
  post(path: string, form: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const body = new URLSearchParams(form).toString()
    return this.send('POST', path, body, { 'content-type': 'application/x-www-form-urlencoded', ...headers })
  }

  postJson(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, JSON.stringify(body), { 'content-type': 'application/json' })
  }

  /** Registers and returns the form that was used. */
  async register(changes: Record<string, string> = {}): Promise<Record<string, string>> {
    const form = registration(changes)
    const answer = await this.post('/register', form)
    if (answer.status !== 303) throw new Error(`registration answered ${answer.status}`)
    return form
  }

  /** Any method with any body. */
  async send(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(this.app.url + path, {
      method,
      redirect: 'manual',
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(this.app.host ? { 'x-forwarded-host': this.app.host } : {}),
        ...(cookie ? { cookie } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name !== undefined && value) this.cookies.set(name, value)
      else if (name !== undefined) this.cookies.delete(name)
    }
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text,
      location: response.headers.get('location') ?? response.headers.get('hx-redirect'),
      json: () => JSON.parse(text),
    }
  }
}

/** The stage the checkout region on this page is in. */
export function stageOn(answer: Answer): string | undefined {
  return /id="checkout"[^>]*data-stage="([^"]*)"/.exec(answer.body)?.[1]
}
