import { describe, expect, test } from 'vitest'
import { primaryAmong, type ServerState } from '../../src/platform/primary-server.ts'
import { until } from '../support/until.ts'

const one = { host: 'one', port: 1 }
const two = { host: 'two', port: 2 }

/** Servers that answer what is said here, or nothing at all. */
function among(states: Record<string, ServerState | Error | 'silence'>) {
  const asked: string[] = []
  const choice = primaryAmong([one, two], async ({ host }) => {
    asked.push(host)
    const state = states[host]!
    if (state === 'silence') return new Promise(() => {})
    if (state instanceof Error) throw state
    return state
  })
  return { choice, asked, states }
}

describe('of several servers', () => {
  test('the one that takes writes is chosen, and stays chosen until a connection to it ends', async () => {
    const { choice, asked, states } = among({
      one: { writes: false, timeline: 1 },
      two: { writes: true, timeline: 1 },
    })
    expect(await Promise.all([choice.find(), choice.find()])).toEqual([two, two])
    expect(asked).toEqual(['one', 'two'])
    Object.assign(states, { one: { writes: true, timeline: 2 }, two: new Error('gone') })
    expect(await choice.find()).toBe(two)
    choice.forget()
    expect(await choice.find()).toBe(one)
  })

  test('of two that take writes the one that was promoted last is chosen: the other came back by mistake', async () => {
    const { choice } = among({ one: { writes: true, timeline: 1 }, two: { writes: true, timeline: 2 } })
    expect(await choice.find()).toBe(two)
  })

  test('of two with one timeline it is the first named, whoever answers first', async () => {
    const { choice } = among({ one: { writes: true, timeline: 3 }, two: { writes: true, timeline: 3 } })
    expect(await choice.find()).toBe(one)
  })

  test('one that is frozen holds nobody up', async () => {
    const { choice } = among({ one: 'silence', two: { writes: true, timeline: 2 } })
    const began = performance.now()
    expect(await choice.find()).toBe(two)
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('a replica beside one that says nothing is asked again, so that its promotion is noticed', async () => {
    const { choice, states } = among({ one: 'silence', two: { writes: false, timeline: 1 } })
    await expect(choice.find()).rejects.toThrow(/two:2 takes no writes; one:1 does not answer/)
    Object.assign(states, { two: { writes: true, timeline: 2 } })
    await until(async () => (await choice.find().catch(() => null)) === two)
  })

  test('where none takes writes each is named with its reason, and nobody asks again for a moment', async () => {
    const { choice, asked } = among({ one: { writes: false, timeline: 1 }, two: new Error('connect ECONNREFUSED') })
    for (let i = 0; i < 3; i++)
      await expect(choice.find()).rejects.toThrow(
        /None of the servers .*\(one:1 takes no writes; two:2 connect ECONNREFUSED\)/,
      )
    expect(asked).toEqual(['one', 'two'])
  })
})
