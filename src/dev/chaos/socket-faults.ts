/** How connecting, sending or looking up fails in a process that loads failing-sockets.ts. */
export type SocketFault = {
  at: 'connect' | 'send' | 'look-up'
  /** The port that is connected to, or the name that is looked up. */
  to: number | string
  /** ECONNREFUSED and the like. */
  code: string
  /** at once: before the call returns · next tick: before any promise settles · later: after a few milliseconds. */
  when: 'at once' | 'next tick' | 'later'
}

/** The error codes with which connecting, sending and looking up are known to fail. */
export const errorsOf = {
  connect:
    'EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN EACCES EPERM EMFILE ENFILE ENOBUFS ENOMEM ECONNREFUSED ECONNRESET ECONNABORTED EADDRNOTAVAIL EADDRINUSE EINVAL ETIMEDOUT'.split(
      ' ',
    ),
  send: 'EPIPE ECONNRESET ENOBUFS ENOMEM ETIMEDOUT EHOSTUNREACH ENETDOWN'.split(' '),
  'look-up': 'ENOTFOUND EAI_AGAIN EMFILE ETIMEDOUT'.split(' '),
} as const satisfies Record<SocketFault['at'], string[]>

export const moments = ['at once', 'next tick', 'later'] as const
