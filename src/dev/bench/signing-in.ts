import { get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { hashPassword } from '../../identity/passwords/passwords.ts'
import type { Sql } from '../../platform/db.ts'
import type { Copy } from './bare-server.ts'
import type { Shot } from './load.ts'
import { findSession, setPasswords } from './queries.ts'

const password = 'a long enough password'

/** What Chrome asks for a page with. */
export const browser = {
  accept: 'text/html',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36',
}

/** Gives all subscribers one password. */
export async function setKnownPasswords(sql: Sql): Promise<void> {
  await setPasswords(sql, await hashPassword(password))
}

/** The requests with which so many subscribers log in, each with the right password. */
export function logIns(count: number): Shot[] {
  return Array.from({ length: count }, (_, i) => logIn(`sub${i + 1}`))
}

/** Logs a subscriber in: the cookie, the hash by which the session is stored, and the user id. */
export async function signedIn(harness: {
  app: { url: string }
  sql: Sql
}): Promise<{ cookie: string; session: Buffer; user: string }> {
  const [shot] = logIns(1)
  const tryToLogIn = () => fetch(harness.app.url + shot!.path, { ...shot, redirect: 'manual' } as RequestInit)
  let answer = await tryToLogIn()
  // After a flood the queue of log-ins takes a moment to empty.
  for (let again = 0; answer.status === 429 && again < 50; again++) {
    await pause(200)
    answer = await tryToLogIn()
  }
  const cookie = answer.headers
    .getSetCookie()
    .find((line) => /^(__Host-)?sid=/.test(line))
    ?.split(';')[0]
  if (answer.status !== 303 || !cookie) throw new Error(`logging in was answered ${answer.status}`)
  return { cookie, ...(await findSession(harness.sql, 'sub1')) }
}

/** A page exactly as the app sends it: headers in order, without those that every Node server adds by itself. */
export function copyOf(url: string, headers: Record<string, string>): Promise<Copy> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`${url} was answered ${response.statusCode}`))
        resolve({ headers: pairs(response.rawHeaders), body: Buffer.concat(chunks) })
      })
    }).on('error', reject)
  })
}

const added = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])

function pairs(raw: string[]): [string, string][] {
  return raw.flatMap((name, i) =>
    i % 2 === 0 && !added.has(name.toLowerCase()) ? [[name, raw[i + 1]!] as [string, string]] : [],
  )
}

function logIn(login: string): Shot {
  return {
    method: 'POST',
    path: '/login',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ login, password }).toString(),
  }
}
