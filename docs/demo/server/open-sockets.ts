import type { Socket } from 'node:net'
import type { H3Event, Middleware } from 'h3'

/** Keeps the connections of some requests, so that they can be cut as a bad network cuts them. */
export interface OpenSockets {
  readonly track: Middleware
  readonly cut: () => void
}

export function createOpenSockets(): OpenSockets {
  const sockets = new Set<Socket>()
  return {
    track(event: H3Event) {
      const socket = event.runtime?.node?.req.socket
      if (!socket || sockets.has(socket)) return
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    },
    cut() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
