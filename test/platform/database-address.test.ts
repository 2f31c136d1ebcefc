import { describe, expect, test } from 'vitest'
import { readDatabaseAddress, withDatabaseName } from '../../src/platform/database-address.ts'

const checkAddress = (text: string) => {
  try {
    return JSON.stringify(readDatabaseAddress(text))
  } catch (error) {
    return (error as Error).message
  }
}

const address = { user: 'u', password: 'p', database: 'etf', servers: [{ host: 'db', port: 5432 }] }

describe('the database’s address', () => {
  test.each<[string, object]>([
    [
      'postgres://u:p@db/etf',
      { ...address, tls: { mode: 'disable' }, connectTimeout: null, settings: {}, pooled: false },
    ],
    ['postgresql://u:p@db:6543/etf', { servers: [{ host: 'db', port: 6543 }] }],
    ['postgres://u%40x:p%2Fp%25@db/etf%20x', { user: 'u@x', password: 'p/p%', database: 'etf x' }],
    ['postgres://u:p@db', { user: 'u', database: 'u' }],
    ['postgres://u:p@[::1]:5433/etf', { servers: [{ host: '::1', port: 5433 }] }],
    [
      'postgres://u:p@one:5433,two,[2001:db8::1]:7/etf?target_session_attrs=read-write',
      {
        servers: [
          { host: 'one', port: 5433 },
          { host: 'two', port: 5432 },
          { host: '2001:db8::1', port: 7 },
        ],
      },
    ],
    [
      'postgres:///etf?host=one,two&port=7,8&user=u&password=p+p',
      {
        password: 'p+p',
        servers: [
          { host: 'one', port: 7 },
          { host: 'two', port: 8 },
        ],
      },
    ],
    ['postgres:///etf?host=/var/run/postgresql&user=u', { servers: [{ host: '/var/run/postgresql', port: 5432 }] }],
    ['postgres://u@%2Fvar%2Frun%2Fpostgresql:5433/etf', { servers: [{ host: '/var/run/postgresql', port: 5433 }] }],
    ['postgres://u:p@db/etf?sslmode=require', { tls: { mode: 'require' } }],
    [
      'postgres://u:p@db/etf?sslmode=require&sslrootcert=/ca.pem',
      { tls: { mode: 'verify-ca', rootCertificate: '/ca.pem' } },
    ],
    ['postgres://u:p@db/etf?sslmode=verify-full&sslrootcert=system', { tls: { mode: 'verify-full' } }],
    [
      'postgres://u:p@db/etf?sslmode=prefer&sslcert=/c&sslkey=/k&channel_binding=prefer',
      { tls: { mode: 'prefer', certificate: '/c', key: '/k' } },
    ],
    [
      'postgres://u:p@db/etf?connect_timeout=7&application_name=mine',
      { connectTimeout: 7, settings: { application_name: 'mine' } },
    ],
    ['postgres://u:p@db/etf?options=-c%20statement_timeout%3D3s', { settings: { options: '-c statement_timeout=3s' } }],
  ])('%s is read as libpq reads it', (text, expected) => {
    expect(readDatabaseAddress(text)).toMatchObject(expected)
  })

  test.each([
    ['mysql://u:p@db/etf', /must look like postgres:/],
    ['postgres://u:p#p@db/etf', /must look like postgres:/],
    ['postgres://u:p%@db/etf', /the password: a percent sign/],
    ['postgres://u:p@::1/etf', /a host: IPv6 addresses stand in brackets/],
    ['postgres://u:p@[db]/etf', /a host: what is in brackets/],
    ['postgres://u:p@db:99999/etf', /a port: must be a number/],
    ['postgres://u:p@db/etf?sslmode=allow', /sslmode=allow: must be one of disable, prefer/],
    ['postgres://u:p@db/etf?sslmode=require&sslrootcert=system', /sslrootcert=system: goes with sslmode=verify-full/],
    ['postgres://u:p@db/etf?sslcert=/c', /sslcert and sslkey: set both/],
    ['postgres://u:p@db/etf?channel_binding=require', /channel_binding=require: .*verify-full/],
    ['postgres://u:p@db/etf?target_session_attrs=standby', /target_session_attrs=standby: the site writes/],
    ['postgres://u:p@db/etf?search_path=app', /search_path: .*a database of its own/],
    ['postgres://u:p@db/etf?options=-csearch_path%3Dapp', /search_path: .*a database of its own/],
    ['postgres://u:p@db/etf?connect_timeout=soon', /connect_timeout: must be a number/],
    ['postgres://u:p@db/etf?gssencmode=require', /gssencmode=require/],
    ['postgres://u:p@db/etf?pgbouncer=true', /the parameter pgbouncer is not one/],
    ['postgres://u:p@db/etf?service=etf', /the parameter service is not one/],
    ['postgres://u:p@db/etf?SSLMODE=require', /the parameter SSLMODE is not one/],
    ['postgres://u:p@db/etf?sslmode=Require', /sslmode=Require: must be one of disable, prefer/],
    ['postgres://u:p@db/etf?pooler=session', /pooler: must be transaction/],
    ['postgres://u:p@one,,two/etf', /a host: one of several is empty/],
    ['postgres://u:p@one,/etf', /a host: one of several is empty/],
    ['postgres://u:p@db /etf', /a host: holds a space/],
    ['postgres://u:p@db/etf\n', /holds a line break/],
    ['postgres://u:p%00@db/etf', /the password: %00/],
    ['postgres://u:p@db/etf?application_name=x%00user', /application_name: %00/],
    ['postgres:///etf?host=one,two,three&port=1,2', /port: must be one number, or as many/],
    ['postgres:///etf?host=db&port=0x10', /a port: must be a number/],
    ['postgres:///etf?host=db&port=1e3', /a port: must be a number/],
  ])('%s is refused, and the sentence names the part', (text, sentence) => {
    expect(() => readDatabaseAddress(text)).toThrow(sentence)
  })

  test.each([
    'postgres://u:Secret/Secret@db/etf',
    'postgres://u:12/Secret@db/etf',
    'postgres://u:Secret?Secret@db/etf',
    'postgres://u:12?Secret@db/etf',
    'postgres://u:12?Secret=Secret@db/etf',
    'postgres://u:12?sslmode=Secret@db/etf',
    'postgres://u@x:12?Secret&x@db/etf',
    'postgres://u:Secret#Secret@db/etf',
    'postgres://u:Secret%@db/etf',
    'host=db user=u password=Secret',
  ])('%s is refused with a sentence that shows nothing of the password', (text) => {
    const problems = checkAddress(text)
    expect(problems).toMatch(/percent|must look like/)
    expect(problems).not.toMatch(/Secret/)
  })

  test.each([
    ['postgres:///etf?dbname=live&host=/tmp', 'postgres:///other?host=/tmp'],
    ['postgres://u:p@a?host=b&dbname=live', 'postgres://u:p@a/other?host=b&'],
    ['postgres://u:p@a,b:7/etf?sslmode=require', 'postgres://u:p@a,b:7/other?sslmode=require'],
    ['postgres://u:p@a', 'postgres://u:p@a/other'],
    ['postgres:///etf?host=/tmp', 'postgres:///other?host=/tmp'],
  ])('%s leads to another database on the same servers', (text, other) => {
    expect(withDatabaseName(text, 'other')).toBe(other)
  })
})
