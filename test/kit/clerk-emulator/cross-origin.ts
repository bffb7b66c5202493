/**
 * The CORS headers for a page on this machine: exactly its origin, with credentials. Other origins get no such headers,
 * so that a stranger's page cannot use an emulator that was left running.
 */
export function crossOriginHeaders(request: Request): Record<string, string> {
  const origin = request.headers.get('origin')
  if (!origin || !URL.canParse(origin) || !isLoopback(new URL(origin).hostname)) return {}
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? '',
    'access-control-expose-headers': 'Authorization, Clerk-Db-Jwt, Retry-After',
    vary: 'Origin',
  }
}

export const isLoopback = (hostname: string) =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1' || hostname === '[::1]'
