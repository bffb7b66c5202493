/**
 * A JSON answer whose media type is exactly `application/json`. With a charset parameter `@clerk/backend` would take
 * the body for text and not parse it.
 */
export function jsonResponse(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}
