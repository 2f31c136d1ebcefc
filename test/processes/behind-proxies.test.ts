import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveInBackground } from '../../src/dev/cluster-trial/background.ts'
import { fillIn } from '../../src/dev/cluster-trial/balancer.ts'
import { findProgram } from '../../src/dev/cluster-trial/programs.ts'
import { freePort } from '../../src/dev/free-port.ts'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { registration } from '../support/visitor.ts'

const recipe = (file: string) => readFileSync(join(import.meta.dirname, '..', '..', 'deploy', file), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'etf-proxies-'))
const place = { home: folder, cluster: folder, account: null, chosen: null }

/** As in production: half of the ten seconds that a shutdown may take. */
const drain = { SHUTDOWN_DRAIN_MS: '5000', HOST: '127.0.0.1' }

let harness: ProcessHarness
let nodes: AppProcess[]
beforeAll(async () => {
  harness = await buildHarness()
  nodes = [await harness.start(drain), await harness.start(drain)]
}, 120_000)
afterAll(async () => {
  await harness.close()
  rmSync(folder, { recursive: true, force: true })
})

const portOf = ({ url }: AppProcess) => Number(new URL(url).port)

const proxies = {
  haproxy: (port: number) => {
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, fillIn(recipe('haproxy.cfg'), port, nodes.map(portOf)))
    return ['-db', '-f', file]
  },
  nginx: (port: number) => {
    const file = join(folder, 'nginx.conf')
    const ports = nodes.map(portOf)
    // One server without TLS at the port given, before these nodes; all else is the recipe's.
    const text = recipe('nginx.conf')
      .replace(/server \{\s+listen 80;[^}]+\}/, '')
      .replace(/listen 443 ssl http2;/, `listen 127.0.0.1:${port};`)
      .replace(/^\s+ssl_certificate.*$/gm, '')
      .replace(/server \S+:3000/g, () => `server 127.0.0.1:${ports.shift()}`)
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (one) => `${one}_temp_path ${folder}/${one};`,
    )
    const around = `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; events {}`
    writeFileSync(file, `${around}\nhttp { access_log off; ${paths.join(' ')}\n${text}}\n`)
    return ['-p', folder, '-c', file]
  },
}

/** Asks for pages and registers people, one after the other over kept connections, until it is stopped. Returns the ends that were no answer. */
function visit(url: string) {
  const agent = new Agent({ keepAlive: true })
  const failed: string[] = []
  let on = true
  let answered = 0
  const send = (method: string, path: string, body = '') =>
    new Promise<void>((resolve) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }
      const end = (how: string) => {
        if (how === '200' || how === '303') answered++
        else failed.push(`${method} ${path}: ${how}`)
        resolve()
      }
      const sending = request(url + path, { agent, method, headers: method === 'GET' ? {} : headers }, (response) =>
        response.resume().once('end', () => end(String(response.statusCode))),
      )
      sending.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message)).end(body)
    })
  const readers = Array.from({ length: 6 }, async () => {
    for (let i = 0; on; i++) await send('GET', ['/', '/login', '/terms'][i % 3]!)
  })
  const buyers = Array.from({ length: 2 }, async () => {
    while (on) await send('POST', '/register', new URLSearchParams(registration()).toString())
  })
  return async () => {
    on = false
    await Promise.all([...readers, ...buyers])
    agent.destroy()
    return { answered, failed }
  }
}

describe('a rolling restart under load', () => {
  for (const [name, words] of Object.entries(proxies)) {
    const program = findProgram(name as keyof typeof proxies)
    const reason = program ? '' : ` (SKIPPED: ${name} is not installed)`
    test.skipIf(!program)(`behind ${name} by its recipe no request fails${reason}`, { timeout: 240_000 }, async () => {
      const port = await freePort()
      const proxy = await serveInBackground(program!, { args: words(port), place, port, logFile: join(folder, 'log') })
      await pause(2_000)
      const stop = visit(`http://localhost:${port}`)
      for (const [i, node] of nodes.entries()) {
        await pause(2_000)
        expect(await node.stop()).toBe(0)
        nodes[i] = await harness.start({ ...drain, PORT: String(portOf(node)), BASE_URL: node.url })
        // As long as a proxy takes to trust it again.
        await pause(3_000)
      }
      const { answered, failed } = await stop()
      await proxy.stop()
      console.log(`${name}: ${answered} requests answered, ${failed.length} failed`)
      expect(failed).toEqual([])
      expect(answered).toBeGreaterThan(200)
    })
  }
})
