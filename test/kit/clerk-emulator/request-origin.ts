/**
 * The origin of the calling page, which tokens carry as `azp`: `Origin`, else the origin of `Referer` (a same-origin
 * GET sends no Origin), else the requested host.
 */
export function requestOrigin(headers: Headers): string {
  const origin = headers.get('origin')
  if (origin && origin !== 'null') return origin
  const referer = headers.get('referer')
  if (referer && URL.canParse(referer)) return new URL(referer).origin
  return `http://${headers.get('host') ?? 'localhost'}`
}
