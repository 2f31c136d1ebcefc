import { describe, expect, test } from 'vitest'
import { fillIn } from '../../../src/dev/cluster-trial/balancer.ts'

const recipe = `global
  user haproxy
  maxconn 10000
  log stdout format raw local0
defaults
  mode http
  option httplog
  retry-on all-retryable-errors
frontend to-https
  bind :80
  http-request redirect scheme https
frontend site
  bind :443 ssl crt /etc/haproxy/site.pem
  default_backend nodes
backend nodes
  server a 10.0.0.11:3000 check
  server b 10.0.0.12:3000 check inter 1s
`

describe('HAProxy’s recipe', () => {
  test('is measured as it is documented: only addresses and what belongs to the system differ', () => {
    expect(fillIn(recipe, 8080, [4001, 4002])).toBe(`global
defaults
  mode http
  option httplog
  retry-on all-retryable-errors
frontend site
  bind 127.0.0.1:8080
  default_backend nodes
backend nodes
  server a 127.0.0.1:4001 check
  server b 127.0.0.1:4002 check inter 1s
`)
  })

  test('for another number of nodes is refused with a sentence', () => {
    expect(() => fillIn(recipe, 8080, [1, 2, 3])).toThrow('deploy/haproxy.cfg names 2 nodes, and here are 3')
  })
})
