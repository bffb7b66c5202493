export interface PostedAnswer {
  readonly isOk: boolean
  readonly status: number
  /** The error code, or the user that the server has recognised. */
  readonly meaning: string
}

/** Posts a body to the auth server unchanged and without the client, as any script in a page can do. */
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
