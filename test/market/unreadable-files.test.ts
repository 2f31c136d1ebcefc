import { gzipSync } from 'node:zlib'
import { strToU8, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { seeded } from './fixture.ts'
import { read, shapes, udiffHeader, udiffRow } from './price-files.ts'

const all = Object.entries(shapes)
const good = { name: 'BANKBEES.csv', content: strToU8('date,symbol,close\n2026-11-20,BANKBEES,505.25\n') }
const workbook = zipSync({
  '[Content_Types].xml': strToU8('<?xml version="1.0"?><Types/>'),
  'xl/workbook.xml': strToU8('<workbook/>'),
})
const utf16 = (text: string, order: 'le' | 'be') => {
  const bytes = Buffer.from(text, 'utf16le')
  return order === 'le' ? bytes : bytes.swap16()
}

const legacyFo =
  'INSTRUMENT,SYMBOL,EXPIRY_DT,STRIKE_PR,OPTION_TYP,OPEN,HIGH,LOW,CLOSE,SETTLE_PR,CONTRACTS,VAL_INLAKH,OPEN_INT,CHG_IN_OI,TIMESTAMP,\nFUTIDX,BANKNIFTY,28-NOV-2023,0,XX,1,1,1,1,1,1,1,1,1,20-NOV-2023,\n'
const indices =
  'Index Name,Index Date,Open Index Value,High Index Value,Low Index Value,Closing Index Value,Points Change,Change(%),Volume,Turnover (Rs. Cr.),P/E,P/B,Div Yield\nNifty 50,20-11-2026,1,1,1,26000,1,1,1,1,1,1,1\n'
const udiff = (changes: Record<string, string>, symbol = 'BANKBEES') => {
  const columns = udiffHeader.split(',')
  const cells = udiffRow(symbol, 'EQ', '505.25').split(',')
  for (const [column, value] of Object.entries(changes)) cells[columns.indexOf(column)] = value
  return cells.join(',')
}

describe('a file that is not what its name says', () => {
  test.each<[string, string, string | Uint8Array, string]>([
    ['a web page', 'x.csv', '<!DOCTYPE html><html><body>Access denied</body></html>', 'web page'],
    ['a web page after empty lines', 'x.csv', '\n\n<html>\n', 'web page'],
    ['a web page called a zip', 'x.csv.zip', '<html><head></head><body>403</body></html>', 'web page'],
    ['nothing', 'x.csv', '', 'empty'],
    ['only empty lines', 'x.csv', '\n \r\n\n', 'empty'],
    ['only a header', 'x.csv', 'date,symbol,close\n', 'no price of an instrument'],
    ['columns nobody knows', 'x.csv', 'a,b,c\n1,2,3\n', 'No format has these columns: A, B, C.'],
    [
      'NSE’s list of ETFs',
      'x.csv',
      'Symbol,Underlying,SecurityName,DateofListing,MarketLot,ISINNumber,FaceValue\n',
      'holds no prices',
    ],
    ['a quote that is never closed', 'x.csv', 'date,symbol,close\n2026-11-20,BANKBEES,"505\n', 'not a CSV file'],
    ['one line without end', 'x.csv', `date,symbol,close\n${'x'.repeat(70_000)}`, 'Line 2: From here on'],
    ['a zip without a CSV file', 'x.zip', zipSync({ 'read.me': strToU8('x') }), 'no CSV file in this zip'],
    ['text called a zip', 'x.zip', 'PK not really', 'cannot be unpacked'],
    ['an Excel workbook', 'bhav.csv', workbook, 'This is an Excel workbook. Open it and save it as CSV'],
    ['an Excel workbook called a zip', 'bhav.zip', workbook, 'This is an Excel workbook'],
    ['an old Excel workbook', 'bhav.csv', Buffer.from('d0cf11e0a1b11ae10000', 'hex'), 'Excel workbook of the old kind'],
    ['a zip called CSV', 'bhav.csv', zipSync({ [good.name]: good.content }), 'under another name'],
    ['a PDF', 'bhav.csv', '%PDF-1.7\n', 'PDF document'],
    ['gzip', 'bhav.csv', gzipSync('date,symbol,close\n'), 'gzip archive'],
    ['a program', 'x.csv', Buffer.from('\x7fELF\0\0\0,\0\u0001\n\0\0,\0\n', 'latin1'), 'NUL byte'],
    ['UTF-16 that is cut off', 'x.csv', utf16('\uFEFFdate,symbol,close\n', 'le').subarray(0, -1), 'begins like UTF-16'],
    ['a multi-line header that goes wrong', 'x.csv', 'Price,Close\nTicker,BANKBEES.NS\n2026-11-20,1\n', 'No format'],
    ['a multi-line header alone', 'x.csv', 'Price,Close\nTicker,BANKBEES.NS\n', 'No format has these columns: PRICE'],
  ])('is refused in one line: %s', async (_what, name, content, words) => {
    const { prices, problems, refused } = await read(name, content)
    expect([prices, problems]).toEqual([[], []])
    expect(refused).toEqual([{ file: name, sentence: expect.stringContaining(words) }])
  })

  test.each<[string, string, string, string]>([
    [
      'futures and options',
      'BhavCopy_NSE_FO_0_0_0_20261120_F_0000.csv',
      udiff({ Sgmt: 'FO', FinInstrmTp: 'STF' }),
      'futures and options',
    ],
    [
      'index options in a file named as the cash market’s',
      'x.csv',
      udiff({ FinInstrmTp: 'IDO' }),
      'FININSTRMTP is “IDO”',
    ],
    ['BSE’s bhavcopy', 'BhavCopy_BSE_CM_0_0_0_20261120_F_0000.csv', udiff({ Src: 'BSE' }), 'BSE, another exchange'],
    ['currency derivatives', 'x.csv', udiff({ Sgmt: 'CD' }), 'SGMT is “CD”'],
  ])('is refused as a whole: %s', async (_what, name, row, words) => {
    const found = await read(name, [udiffHeader, row, udiffRow('ITBEES', 'EQ', '41')].join('\n'))
    expect([found.prices, found.problems]).toEqual([[], []])
    expect(found.refused).toEqual([{ file: name, sentence: expect.stringContaining(words) }])
  })

  test.each([
    ['fo20NOV2023bhav.csv', legacyFo, 'bhavcopy of futures and options'],
    ['ind_close_all_20112026.csv', indices, 'file of index values'],
    [
      'NIFTY 50.csv',
      'Date,Open,High,Low,Close,Shares Traded,Turnover (₹ Cr)\n20-NOV-2026,1,1,1,1,1,1\n',
      'history of an index',
    ],
    [
      'EQ201126.CSV',
      'SC_CODE,SC_NAME,SC_GROUP,SC_TYPE,OPEN,HIGH,LOW,CLOSE\n590103,NIFTYBEES,B,Q,1,1,1,1\n',
      'BSE, another exchange',
    ],
    [
      'BANKBEES.BO.csv',
      'Date,Open,High,Low,Close,Adj Close,Volume\n2026-11-20,1,1,1,1,1,1\n',
      'BANKBEES.BO is a price of BSE',
    ],
    ['mine.csv', 'date;symbol;close\n2026-11-20;ITBEES;41,25\n', 'separated by semicolons'],
    ['mine.csv', 'date\tsymbol\tclose\n2026-11-20\tITBEES\t41.25\n', 'separated by tabs'],
    ['mine.csv', 'date|symbol|close\n2026-11-20|ITBEES|41.25\n', 'separated by vertical bars'],
    [
      'data.csv',
      'Price,Close,Close\nTicker,ITBEES.NS,BANKBEES.BO\nDate,,\n2026-11-20,1,1\n',
      'BANKBEES.BO is a price of BSE',
    ],
  ])('%s is refused for what it holds', async (name, content, words) => {
    const { prices, problems, refused } = await read(name, content)
    expect([prices, problems]).toEqual([[], []])
    expect(refused).toEqual([{ file: name, sentence: expect.stringContaining(words) }])
  })

  test('a row of another market among those of NSE’s cash market is a wrong line, unless it is nobody’s', async () => {
    const rows = [udiffRow('ITBEES', 'EQ', '41'), udiff({ Sgmt: 'FO' }, 'RELIANCE'), udiff({ Sgmt: 'FO' })]
    const found = await read('x.csv', [udiffHeader, ...rows].join('\n'))
    expect(found.problems).toMatchObject([{ line: 4, sentence: expect.stringContaining('futures and options') }])
    expect(found.prices).toMatchObject([{ symbol: 'ITBEES' }])
  })

  test('a symbol of BSE in our own form is a wrong line that names NSE’s', async () => {
    const found = await read('x.csv', 'date,symbol,close\n2026-11-20,BANKBEES.BO,505\n2026-11-20,ITBEES.NS,41\n')
    expect(found.problems).toMatchObject([{ line: 2, sentence: expect.stringMatching(/BSE.*BANKBEES\.NS/) }])
    expect(found.prices).toMatchObject([{ symbol: 'ITBEES' }])
  })
})

describe('UTF-16', () => {
  test.each(all)('of both orders, with and without a mark, is read: %s', async (_title, { name, lines, format }) => {
    for (const order of ['le', 'be'] as const)
      for (const mark of ['', '\uFEFF']) {
        const found = await read(name, utf16(`${mark}${lines.join('\r\n')}\r\n`, order))
        expect([found.formats, found.problems, found.refused]).toEqual([[format], [], []])
        expect(found.prices).toMatchObject([{ symbol: 'BANKBEES', close: 505.25, line: expect.any(Number) }])
      }
  })
})

describe('a NUL byte', () => {
  test('in the line 2026-11-27,BANKBEES, refuses the file by that line', async () => {
    const content = 'date,symbol,close\n2026-11-26,BANKBEES,505\n2026-11-27,BANKBEES,\0'
    const found = await read('x.csv', content)
    expect([found.prices, found.problems]).toEqual([[], []])
    expect(found.refused).toEqual([{ file: 'x.csv', sentence: expect.stringMatching(/^Line 3: .*NUL byte/) }])
  })

  test('anywhere in a file of any format refuses it in one line, and the file beside it in the zip is read', async () => {
    const seed = Date.now() % 1_000_000
    const random = seeded(seed)
    for (let round = 0; round < 120; round++) {
      const { name, lines } = all[Math.floor(random() * all.length)]![1]
      const bytes = Buffer.from(`${lines.join('\n')}\n`)
      const at = Math.floor(random() * (bytes.length + 1))
      const broken = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1), bytes.subarray(at)])
      const found = await read('x.zip', zipSync({ [name]: broken, 'good.csv': good.content }))
      const where = `seed ${seed}, round ${round}: ${name} with NUL at ${at}`
      expect(found.prices, where).toMatchObject([{ symbol: 'BANKBEES', close: 505.25, line: 2 }])
      expect(found.ends, where).toMatchObject([{ file: 'x.zip › good.csv' }])
      expect([found.problems, found.refused], where).toEqual([
        [],
        [{ file: `x.zip › ${name}`, sentence: expect.stringContaining('NUL byte') }],
      ])
    }
  })

  test('after more prices than are held back is a problem at its line, so that the prices before it cannot count', async () => {
    const line = '2026-11-20,BANKBEES,505.25\n'
    const found = await read('x.csv', `date,symbol,close\n${line.repeat(120_000)}\0`)
    expect(found.problems).toEqual([{ file: 'x.csv', line: 120_002, sentence: expect.stringContaining('NUL byte') }])
    expect(found.refused).toEqual([])
  })
})

describe('a zip', () => {
  const { name, lines } = all[0]![1]
  const bhavcopy = strToU8(lines.join('\n'))

  test('may hold zips, whose files are named with both', async () => {
    const inner = zipSync({ [name]: bhavcopy })
    const found = await read('2026.zip', zipSync({ [`nov/${name}.zip`]: inner, 'good.csv': good.content }))
    expect(found.prices).toHaveLength(2)
    expect(found.ends.map(({ file }) => file)).toEqual([`2026.zip › ${name}.zip › ${name}`, '2026.zip › good.csv'])
    expect([found.problems, found.refused]).toEqual([[], []])
  })

  test('three deep is not opened; what lies beside it is read', async () => {
    const deep = zipSync({ 'in.zip': zipSync({ [name]: bhavcopy }), 'good.csv': good.content })
    const found = await read('x.zip', zipSync({ 'y.zip': deep }))
    expect(found.prices).toHaveLength(1)
    expect(found.refused).toEqual([
      { file: 'x.zip › y.zip › in.zip', sentence: expect.stringContaining('a zip in a zip in a zip') },
    ])
  })

  test('in a zip that is damaged, of a password, or empty is one line; the rest is read', async () => {
    const cut = zipSync({ [name]: bhavcopy }).subarray(0, -30)
    const empty = zipSync({ 'readme.md': strToU8('x') })
    const found = await read('x.zip', zipSync({ 'cut.zip': cut, 'empty.zip': empty, 'good.csv': good.content }))
    expect(found.prices).toHaveLength(1)
    expect(found.refused).toEqual([
      { file: 'x.zip › cut.zip', sentence: expect.stringContaining('damaged') },
      { file: 'x.zip › empty.zip', sentence: expect.stringContaining('no CSV file') },
    ])
  })

  test('with a file that is damaged or locked: that one is refused, the others are read', async () => {
    const zip = () => Buffer.from(zipSync({ 'bad.csv': bhavcopy, 'good.csv': good.content }))
    const directory = (bytes: Buffer) => bytes.indexOf('PK\x01\x02')
    const damaged = zip()
    damaged[damaged.indexOf('bad.csv') + 30]! ^= 0xff
    const locked = zip()
    locked[directory(locked) + 8]! |= 1
    const otherSum = zip()
    otherSum[directory(otherSum) + 16]! ^= 1
    for (const [bytes, words] of [
      [damaged, 'damaged'],
      [otherSum, 'damaged'],
      [locked, 'password'],
    ] as const) {
      const found = await read('x.zip', bytes)
      expect(found.prices).toHaveLength(1)
      expect(found.refused).toEqual([{ file: 'x.zip › bad.csv', sentence: expect.stringContaining(words) }])
    }
  })

  test('with a workbook, a page and a gzip beside a good file: each is one line', async () => {
    const files = {
      'a.xlsx': workbook,
      'b.csv': workbook,
      'c.csv': strToU8('<html>'),
      'd.csv.gz': gzipSync('x'),
      'e.csv': new Uint8Array(),
      'good.csv': good.content,
      'picture.png': strToU8('x'),
      '__MACOSX/._good.csv': strToU8('x'),
    }
    const found = await read('x.zip', zipSync(files))
    expect(found.prices).toHaveLength(1)
    expect(found.refused.map(({ file }) => file)).toEqual(
      ['a.xlsx', 'b.csv', 'c.csv', 'd.csv.gz', 'e.csv'].map((one) => `x.zip › ${one}`),
    )
  })

  test('of histories by symbol passes over those nobody follows, and says so when there is no other', async () => {
    const [, { lines: history }] = all.find(([title]) => title.includes('bulk download'))!
    const other = strToU8(history.join('\n').replaceAll('BANKBEES', 'AAPL'))
    const both = await read(
      'd_in_txt.zip',
      zipSync({ 'aapl.in.txt': other, 'bankbees.in.txt': strToU8(history.join('\n')) }),
    )
    expect([both.prices.length, both.refused, both.problems]).toEqual([1, [], []])
    const none = await read('d_in_txt.zip', zipSync({ 'aapl.in.txt': other }))
    expect(none.refused).toEqual([{ file: 'd_in_txt.zip', sentence: expect.stringContaining('in this zip') }])
  })

  test('with a file that is too large to unpack in one go is read and checked all the same', async () => {
    const others = Array.from({ length: 30_000 }, (_, i) => udiffRow(`SHARE${i}`, 'EQ', (100 + i / 7).toFixed(2)))
    const content = strToU8([udiffHeader, ...others, udiffRow('BANKBEES', 'EQ', '505.25')].join('\n'))
    const zip = Buffer.from(zipSync({ 'large.csv': content, 'good.csv': good.content }))
    const found = await read('x.zip', zip)
    expect([found.prices.map(({ line }) => line), found.refused, found.problems]).toEqual([[30_002, 2], [], []])
    const directory = zip.indexOf('PK\x01\x02')
    zip[directory + 16]! ^= 1
    const damaged = await read('x.zip', zip)
    expect(damaged.prices).toHaveLength(1)
    expect(damaged.refused).toMatchObject([{ file: 'x.zip › large.csv', sentence: expect.stringContaining('damaged') }])
  })

  test('may name its files with letters that no database keeps', async () => {
    const found = await read('x.zip', zipSync({ 'a\u0000b.csv': strToU8('x,y\n') }))
    expect(found.refused).toMatchObject([{ file: 'x.zip › ab.csv' }])
  })

  test('may name its files as long as it likes: people see the end of the name, and a question about one is kept', async () => {
    const long = `${'long-name-'.repeat(600)}of-prices.csv`
    const found = await read(
      'x.zip',
      zipSync({ [long]: strToU8('date,symbol,close,adj close\n2026-11-20,ITBEES,41,40\n') }),
    )
    expect(found.ends[0]!.file).toHaveLength('x.zip › '.length + 100)
    expect(found.ends[0]!.file).toMatch(/of-prices\.csv$/)
  })

  test('of more than 5,000 files is not unpacked', async () => {
    const many = Object.fromEntries(Array.from({ length: 5_001 }, (_, i) => [`${i}.csv`, strToU8('x')]))
    const found = await read('x.zip', zipSync({ [name]: bhavcopy, ...many }, { level: 0 }))
    expect(found.prices).toEqual([])
    expect(found.refused).toEqual([{ file: 'x.zip', sentence: expect.stringContaining('more than 5,000 files') }])
  })

  test('counts the files of the zips in it as its own', async () => {
    const part = (from: number) =>
      zipSync(Object.fromEntries(Array.from({ length: 2_600 }, (_, i) => [`${from + i}.csv`, strToU8('x')])), {
        level: 0,
      })
    const found = await read(
      'x.zip',
      zipSync({ 'a.zip': part(0), 'b.zip': part(2_600), [name]: bhavcopy }, { level: 0 }),
    )
    expect(found.prices).toEqual([])
    expect(found.refused.slice(-2)).toEqual(
      ['x.zip › b.zip', 'x.zip'].map((file) => ({ file, sentence: expect.stringContaining('more than 5,000 files') })),
    )
  })

  test('that says it holds more than 2 GB is not unpacked', async () => {
    const names = ['1.csv', '2.csv', '3.csv', '4.csv', name]
    const zip = Buffer.from(zipSync(Object.fromEntries(names.map((one) => [one, bhavcopy]))))
    // The size unpacked, in each entry of the directory at the end.
    for (let at = zip.indexOf('PK\x01\x02'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 4))
      zip.writeUInt32LE(600 * 1024 * 1024, at + 24)
    const found = await read('x.zip', zip)
    expect(found.prices).toEqual([])
    expect(found.refused.map(({ sentence }) => sentence)).toEqual([
      ...Array(3).fill(expect.stringContaining('larger than 512 MB')),
      expect.stringContaining('2 GB unpacked'),
    ])
  })

  test('whose file is larger than it says is refused', async () => {
    const zip = Buffer.from(zipSync({ 'bomb.csv': strToU8('x'.repeat(100_000)), 'good.csv': good.content }))
    zip.writeUInt32LE(1_000, zip.indexOf('PK\x01\x02') + 24)
    const found = await read('x.zip', zip)
    expect(found.prices).toHaveLength(1)
    expect(found.refused).toMatchObject([{ file: 'x.zip › bomb.csv' }])
  })
})

test('quotes of a file that end in half of a character are whole again', async () => {
  const found = await read('x.csv', `date,symbol,close\n2026-11-20,${'x'.repeat(29)}😀,1\n2026-11-20,ITBEES,41\n`)
  expect(found.problems[0]!.sentence.isWellFormed()).toBe(true)
})
