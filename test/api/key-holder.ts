import type { TestApp } from '../support/app.ts'
import type { Visitor } from '../support/visitor.ts'

/** Makes a key on the person's page and reads it there, the one time it is shown. */
export async function makeKey(visitor: Visitor, name = 'My spreadsheet'): Promise<string> {
  const answer = await visitor.post('/account/api-keys', { name })
  if (answer.status !== 303) throw new Error(`making a key answered ${answer.status}`)
  return /dsetf_[\w-]{43}/.exec((await visitor.get('/account/api-keys')).body)![0]
}

/** Asks as a script does: with a key, and no cookie. */
export async function ask({ url }: Pick<TestApp, 'url'>, path: string, key: string | null, init: RequestInit = {}) {
  const answer = await fetch(url + path, {
    redirect: 'manual',
    ...init,
    headers: { ...init.headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
  })
  const body = await answer.text()
  return { status: answer.status, headers: answer.headers, body, json: <Shape>() => JSON.parse(body) as Shape }
}
