import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const isOurs = (name: string) => !['node_modules', '.git', '.data', 'coverage', 'tmp', 'screenshots'].includes(name)

/** Every file and folder of the repository, folders with a slash at their end. */
const paths = readdirSync(root, { withFileTypes: true })
  .filter(({ name }) => isOurs(name))
  .flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name]
    const below = readdirSync(join(root, entry.name), { recursive: true, withFileTypes: true })
    return [
      `${entry.name}/`,
      ...below.map((one) => relative(root, join(one.parentPath, one.name)) + (one.isDirectory() ? '/' : '')),
    ]
  })

const documents = paths.filter((path) => path.endsWith('.md'))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** What a document calls a file or a folder: it begins at the top of the repository, or ends as source does. */
const isPath =
  /^(?:src|views|public|test|docs|\.ci|\.github)\/|^[\w<>*{][^\s:]*\.(?:ts|sql|eta|css|js|mjs|json|md|yml)$/

/** Whether something is called so: by its whole path, or by the end of it. `*` and `<kind>` stand for any name. */
function exists(name: string): boolean {
  const escaped = name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+|<\w+>/g, '[^/]+')
  const called = new RegExp(`(?:^|/)${escaped.replace(/\/$/, '')}/?$`)
  return paths.some((path) => called.test(path))
}

describe('the documents', () => {
  test('name only files and folders that exist', () => {
    const missing = documents.flatMap((document) =>
      [...read(document).matchAll(/`([^`\n]+)`/g)]
        .map(([, name]) => name!)
        .filter((name) => isPath.test(name) && !exists(name))
        .map((name) => `${document}: ${name}`),
    )
    expect(missing).toEqual([])
  })

  test('name only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json'))
    const missing = documents.flatMap((document) =>
      [...read(document).matchAll(/\bnpm run (?:--\S+ )*([a-z][\w-]*)/g)]
        .filter(([, script]) => !(script! in scripts))
        .map(([command]) => `${document}: ${command}`),
    )
    expect(missing).toEqual([])
  })

  test('link only to what is there', () => {
    const dead = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
        .map(([, target]) => target!)
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(document), target)))
        .map((target) => `${document}: ${target}`),
    )
    expect(dead).toEqual([])
  })

  test('are read: README leads to each of them', () => {
    const reached = new Set(['README.md'])
    for (const document of reached)
      for (const [, target] of read(document).matchAll(/\]\(([^)\s#]+\.md)(?:#[^)]*)?\)/g))
        if (!/^[a-z]+:/.test(target!)) reached.add(relative(root, join(root, dirname(document), target!)))
    expect(documents.filter((document) => !reached.has(document))).toEqual([])
  })

  test('agree on the Node that runs: .nvmrc says what package.json installs', () => {
    expect(read('.nvmrc').trim()).toBe(JSON.parse(read('package.json')).dependencies.node)
  })
})
