/** Reads only the one known field, because a caller may pass on a whole query. @throws TypeError if it is no id */
export function toListedUser(target: { readonly userId: string }): string {
  const userId: unknown = target?.userId
  if (typeof userId !== 'string' || userId === '') throw new TypeError('sessions: give a userId')
  return userId
}
