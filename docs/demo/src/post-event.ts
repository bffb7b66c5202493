export interface PostedAnswer {
  readonly isOk: boolean
  readonly status: number
  /** The error code, or whom the server takes us for. */
  readonly meaning: string
}

/** Posts a body to the auth server as it is, past the client: what a page can do by hand. */
export async function postEvent(body: object): Promise<PostedAnswer> {
  const response = await fetch('/auth/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = (await response.json()) as { code?: string; isSignedIn?: boolean }
  return {
    isOk: response.ok,
    status: response.status,
    meaning: answer.code ?? (answer.isSignedIn ? 'signed in' : 'not signed in'),
  }
}
