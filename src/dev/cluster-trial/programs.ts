import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from '../../platform/environment.ts'
import { type Binaries, findBinaries } from '../embedded-postgres/binaries.ts'
import type { Place } from '../embedded-postgres/place.ts'

/** The first backup functions of this form came with it. */
const oldestMajor = 15
const debian = '/usr/lib/postgresql'

/** The one that the documentation hands out, so that what is measured is what is recommended. */
export const haproxyRecipe = join(root, 'deploy', 'haproxy.cfg')

/** Where a program is that Debian keeps on the PATH, in sbin or beside PostgreSQL; null when it is not installed. */
export function findProgram(name: 'haproxy' | 'nginx' | 'caddy' | 'pgbouncer' | 'pgbench'): string | null {
  const besidePostgres = existsSync(debian) ? readdirSync(debian).map((major) => join(debian, major, 'bin')) : []
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', ...besidePostgres]
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null
}

/** Debian's newest PostgreSQL, as far as it is 15 or newer; null when there is none. */
function findDebianPostgres(): Binaries | null {
  const majors = existsSync(debian) ? readdirSync(debian).map(Number) : []
  const usable = majors.filter((each) => each >= oldestMajor && existsSync(join(debian, String(each), 'bin', 'initdb')))
  if (usable.length === 0) return null
  const major = Math.max(...usable)
  const bin = join(debian, String(major), 'bin')
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), pgCtl: join(bin, 'pg_ctl'), major }
}

/** HAProxy, where its recipe is as well. */
export function findBalancer(): string | null {
  return existsSync(haproxyRecipe) ? findProgram('haproxy') : null
}

/** Debian's PostgreSQL, else the embedded one. */
export function findPostgres(place: Place): Promise<Binaries> {
  const { platform, arch } = process
  return Promise.resolve(findDebianPostgres() ?? findBinaries({ platform, arch, place, log: () => {} }))
}

/** What is not installed, a sentence each, with what stands in for it. */
export function missingPrograms(): string[] {
  return [
    findBalancer() ? '' : 'haproxy is not installed: a small proxy of our own shares the requests out',
    findProgram('pgbouncer') ? '' : 'pgbouncer is not installed: the product connects to PostgreSQL itself',
    findDebianPostgres() ? '' : 'Debian’s postgresql is not installed: the embedded one serves',
  ].filter(Boolean)
}
