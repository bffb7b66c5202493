type NodeCrypto = typeof import('node:crypto')

interface MaybeNode {
  readonly Buffer?: unknown
  readonly process?: { readonly getBuiltinModule?: (id: 'node:crypto') => NodeCrypto | undefined }
}
const { Buffer, process }: MaybeNode = globalThis

/**
 * Node's own cryptography, or undefined in a runtime that has no such module or no `Buffer` for its input. It is
 * requested at run time rather than imported, so that these modules load anywhere and a bundler has nothing to resolve.
 */
export const nodeCrypto = Buffer === undefined ? undefined : process?.getBuiltinModule?.('node:crypto')
