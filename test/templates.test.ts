import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { mailKinds } from '../src/records/mails/registry.ts'

const root = join(import.meta.dirname, '..')
const views = join(root, 'views')
const list = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending))

const templates = list('views', '.eta')
const text = (name: string) => readFileSync(join(views, name), 'utf8')
const sources = list('src', '.ts')
  .filter((name) => !name.startsWith('dev/'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))

/** Templates that code names: `'folder/name': …` in a Views declaration, and three for each kind of mail. */
const named = new Set([
  ...sources.flatMap((source) =>
    [...source.matchAll(/^ {4}'((?:[a-z-]+\/)+[\w-]+)':/gm)].map((match) => `${match[1]}.eta`),
  ),
  ...mailKinds.flatMap((kind) => ['subject', 'text', 'html'].map((part) => `mail/${kind}.${part}.eta`)),
])

/** What a template includes or lays itself into; a name with a `${}` in it stands for every file it can match. */
function usedBy(name: string): string[] {
  return [...text(name).matchAll(/(?:include|layout)\(\s*[`']([^`']+)[`']/g)].flatMap((match) => {
    const target = match[1]!
    const path = target.startsWith('/') ? target.slice(1) : relative(views, join(views, dirname(name), target))
    if (!path.includes('${')) return [`${path}.eta`]
    const pattern = new RegExp(`^${path.replace(/\$\{[^}]*\}/g, '[\\w-]+')}\\.eta$`)
    return templates.filter((template) => pattern.test(template))
  })
}

const widest = 140

describe('templates', () => {
  test('every template that code names is there', () => {
    expect([...named].filter((name) => !existsSync(join(views, name)))).toEqual([])
  })

  test('every template that a template includes is there', () => {
    const missing = templates.flatMap((name) =>
      usedBy(name)
        .filter((used) => !existsSync(join(views, used)))
        .map((used) => `${name} → ${used}`),
    )
    expect(missing).toEqual([])
  })

  test('no template is an orphan', () => {
    const used = new Set([...named, ...templates.flatMap(usedBy)])
    expect(templates.filter((name) => !used.has(name))).toEqual([])
  })

  test('nothing is printed unescaped but includes and layout bodies', () => {
    const raw = templates.flatMap((name) =>
      [...text(name).matchAll(/<%~\s*(.{0,40})/g)]
        .filter((match) => !/^(include\(|it\.body\b)/.test(match[1]!))
        .map((match) => `${name}: ${match[0]}`),
    )
    expect(raw).toEqual([])
  })

  test('no page needs inline script, inline style or eval, which our policy forbids', () => {
    const pages = templates.filter((name) => !name.startsWith('mail/') && name !== 'layouts/mail.eta')
    const wrong = pages.filter((name) =>
      /\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|hx-on|hx-trigger="[^"]*\[|hx-vals="js:|javascript:/.test(
        text(name),
      ),
    )
    expect(wrong).toEqual([])
  })

  test(`no line is longer than ${widest} columns`, () => {
    const long = templates.flatMap((name) =>
      text(name)
        .split('\n')
        .filter((line) => [...line].length > widest)
        .map((line) => `${name}: ${line.trim()}`),
    )
    expect(long).toEqual([])
  })
})
