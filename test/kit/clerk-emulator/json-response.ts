/**
 * A JSON answer whose media type is exactly `application/json`: with a charset parameter `@clerk/backend`
 * takes the body for text and hands it on unparsed.
 */
export function jsonResponse(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}
