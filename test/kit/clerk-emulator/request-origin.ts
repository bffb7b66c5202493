/**
 * The origin of the page that asks: `Origin`, else that of `Referer` (a same-origin GET sends no Origin), else the
 * host asked. Tokens carry it as `azp`.
 */
export function requestOrigin(headers: Headers): string {
  const origin = headers.get('origin')
  if (origin && origin !== 'null') return origin
  const referer = headers.get('referer')
  if (referer && URL.canParse(referer)) return new URL(referer).origin
  return `http://${headers.get('host') ?? 'localhost'}`
}
