import type { FastifyInstance } from 'fastify'

/** Every route of the app as "GET /admin/orders/:id", read from Fastify's own tree; HEAD goes with its GET. */
export function routesOf(app: Pick<FastifyInstance, 'printRoutes'>): string[] {
  const parents: string[] = []
  const routes: string[] = []
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent, segment, methods] = /^([│ ]*)[└├]── (\S*?)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? []
    if (indent === undefined || segment === undefined) continue
    const depth = indent.length / 4
    parents.length = depth
    const path = [...parents, segment].join('')
    parents.push(segment)
    for (const method of methods?.split(', ') ?? []) if (method !== 'HEAD') routes.push(`${method} ${path}`)
  }
  return [...new Set(routes.map((route) => (route.endsWith(' /') ? route : route.replace(/\/$/, ''))))].sort()
}
