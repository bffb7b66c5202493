type NodeCrypto = typeof import('node:crypto')

interface MaybeNode {
  readonly Buffer?: unknown
  readonly process?: { readonly getBuiltinModule?: (id: 'node:crypto') => NodeCrypto | undefined }
}
const { Buffer, process }: MaybeNode = globalThis

/**
 * Node's own cryptography, or undefined in a runtime that has none, or no `Buffer` to feed it with. Asked for rather than
 * imported, so that these modules load anywhere and a bundler has nothing to resolve.
 */
export const nodeCrypto = Buffer === undefined ? undefined : process?.getBuiltinModule?.('node:crypto')
