import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { limits } from '../../src/admin/market/uploads.ts'
import { findProgram } from '../../src/dev/cluster-trial/programs.ts'
import { parseEnvironment } from '../../src/platform/env-schema.ts'
import { keepAliveMs } from '../../src/web/graceful-shutdown.ts'
import { endpoints } from '../web/every-route.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const deploy = (file: string) => read(join('deploy', file))
const units = ['etf-site.service', 'etf-worker.service']
const { env } = parseEnvironment({})
const drainMs = env.SHUTDOWN_GRACE_MS / 2

/** Every match of the pattern's group. */
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found!)

describe('what deploys it fits the program', () => {
  test('settings that are named exist', () => {
    const explained = new Set(all(read('.env.production.example'), /^(?:# )?([A-Z][A-Z_]+)=/gm))
    const ofOthers = /^(?:NODE_\w+|POSTGRES_\w+)$/
    const named = [
      ...all(deploy('compose.yaml'), /^\s+([A-Z][A-Z_]+):/gm),
      ...all(deploy('Dockerfile'), /\b([A-Z][A-Z_]+)=/g),
      ...readdirSync(join(root, 'deploy', 'systemd')).flatMap((unit) =>
        all(deploy(join('systemd', unit)), /^Environment=(.+)$/gm).flatMap((line) => all(line, /([A-Z][A-Z_]+)=/g)),
      ),
    ]
    expect(named.length).toBeGreaterThan(15)
    expect(named.filter((name) => !explained.has(name) && !ofOthers.test(name))).toEqual([])
  })

  test('everything meets the site at its port', () => {
    const ports = [
      ...all(deploy('Dockerfile'), /EXPOSE (\d+)/g),
      ...all(deploy('haproxy.cfg'), /^\s+server \S+ \S+:(\d+)/gm),
      ...all(deploy('nginx.conf'), /^\s+server \S+:(\d+)/gm),
      ...all(deploy('Caddyfile'), /reverse_proxy \S+:(\d+)/g),
      ...all(deploy('compose.yaml'), /127\.0\.0\.1:\d+:(3\d+)/g),
    ]
    expect(ports.length).toBe(9)
    expect(new Set(ports)).toEqual(new Set([String(env.PORT)]))
  })

  test('probes ask for pages that exist', () => {
    const asked = [...all(deploy('haproxy.cfg'), /uri (\/\S+)/g), ...all(deploy('Dockerfile'), /GET (\/\w+) /g)]
    expect(asked).toEqual(['/readyz', '/healthz', '/healthz'])
    for (const path of asked) expect(endpoints).toHaveProperty([`GET ${path}`])
  })

  test('whoever stops a process waits longer than it may take', () => {
    const waits = [
      ...units.map((unit) => all(deploy(join('systemd', unit)), /^TimeoutStopSec=(\d+)$/gm)),
      all(deploy('compose.yaml'), /^ {2}stop_grace_period: (\d+)s$/gm),
    ]
    for (const [seconds] of waits) expect(Number(seconds) * 1000).toBeGreaterThan(env.SHUTDOWN_GRACE_MS)
  })

  test('a balancer notices that a node ends while the node still serves, and lets go of idle connections first', () => {
    const [[inter, fall, check], idle] = [
      [/inter (\d+)s/g, /fall (\d+)/g, /timeout check (\d+)s/g].map((one) =>
        Number(all(deploy('haproxy.cfg'), one)[0]),
      ),
      [
        ...all(deploy('haproxy.cfg'), /timeout (?:http-keep-alive|server) (\d+)s/g),
        ...all(deploy('nginx.conf'), /keepalive_timeout (\d+)s/g),
        ...all(deploy('Caddyfile'), /keepalive (\d+)s/g),
      ],
    ] as const
    expect((inter! * fall! + check!) * 1000).toBeLessThan(drainMs)
    expect(idle).toHaveLength(4)
    for (const seconds of idle) expect(Number(seconds) * 1000).toBeLessThan(keepAliveMs)
  })

  test('proxies let the largest import through', () => {
    const [nginx] = all(deploy('nginx.conf'), /client_max_body_size (\d+)m/g)
    const [caddy] = all(deploy('Caddyfile'), /max_size (\d+)MB/g)
    expect([nginx, caddy].filter((most) => Number(most) * 1_000_000 < limits.totalBytes)).toEqual([])
  })

  test('the image is of our Node, and what it copies is there and let through', () => {
    expect(new Set(all(deploy('Dockerfile'), /^FROM node:([\d.]+)-/gm))).toEqual(new Set([read('.nvmrc').trim()]))
    const copied = all(deploy('Dockerfile'), /^COPY ([^-].*) \S+$/gm).flatMap((files) => files.split(' '))
    const allowed = all(deploy('Dockerfile.dockerignore'), /^!(.+)$/gm)
    expect(copied.filter((file) => !existsSync(join(root, file)))).toEqual([])
    expect(copied.toSorted()).toEqual(allowed.toSorted())
  })
})

const folder = mkdtempSync(join(tmpdir(), 'etf-deploy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const certificate = join(folder, 'site.pem')

/** A copy of the file in which the certificate is one that exists here. */
function withCertificate(file: string, replace: RegExp, text = (content: string) => content): string {
  const subject = ['-subj', '/CN=etf.example.in', '-days', '1']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${certificate}.key`, '-out', certificate, ...subject], { stdio: 'ignore' }) // biome-ignore format: one command
  writeFileSync(certificate, readFileSync(certificate, 'utf8') + readFileSync(`${certificate}.key`, 'utf8'))
  const copy = join(folder, file)
  writeFileSync(copy, text(deploy(file).replace(replace, certificate)))
  return copy
}

const checks = {
  haproxy: () => ['-c', '-f', withCertificate('haproxy.cfg', /\/etc\/haproxy\/certs\//g)],
  nginx: () => [
    '-t',
    '-c',
    withCertificate(
      'nginx.conf',
      /\/etc\/ssl\/etf\/\w+\.pem/g,
      (server) => `pid ${join(folder, 'nginx.pid')};\nevents {}\nhttp {\n${server}}\n`,
    ),
  ],
  caddy: () => ['validate', '--adapter', 'caddyfile', '--config', join(root, 'deploy', 'Caddyfile')],
}

describe('what the programs themselves say of their files', () => {
  for (const [name, words] of Object.entries(checks)) {
    const program = findProgram(name as keyof typeof checks)
    const reason = program ? '' : ` (SKIPPED: ${name} is not installed)`
    test.skipIf(!program)(`${name} takes its file as it is${reason}`, () => {
      expect(() => execFileSync(program!, words(), { stdio: 'pipe' })).not.toThrow()
    })
  }
})
