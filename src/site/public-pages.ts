import { policyPages } from './policies.ts'

/** Pages that anybody may open and that search engines are told of: canonical, on the site map, and counted. */
export const publicPages: readonly string[] = [
  '/',
  '/open-week',
  '/methodology',
  '/developers',
  ...policyPages.map((page) => `/${page}`),
  '/complaint',
  '/login',
  '/gift',
  '/redeem',
]
