/** A development key that names a Frontend API host. clerk-js needs a host with a dot and without a port. */
export function createPublishableKey(frontendApiHost: string): string {
  if (!/^[\w-]+(\.[\w-]+)+$/.test(frontendApiHost))
    throw new TypeError('frontendApiHost must be a host name with a dot and without a port')
  return `pk_test_${Buffer.from(`${frontendApiHost}$`).toString('base64')}`
}
