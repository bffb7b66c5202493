/** The code of the shared stream is a file of its own, loaded with the first stream. */
const lazy = './shared-stream.js'

/** Minified and gzipped. What a page pays for: the binding beside the libraries it has anyway, and the client with XState in it. */
export default [
  {
    name: 'authchart/react, without react, xstate and @xstate/react',
    path: 'dist/react/index.js',
    gzip: true,
    limit: '15.9 KB',
    modifyEsbuildConfig: (config) => ({ ...config, external: [...config.external, lazy] }),
  },
  {
    name: 'authchart/client, with xstate',
    path: 'dist/adapters/browser/index.js',
    import: '{ createAuthClient }',
    gzip: true,
    // XState is a peer, and size-limit would leave it out.
    modifyEsbuildConfig: (config) => ({ ...config, external: [lazy] }),
    limit: '25.7 KB',
  },
  {
    name: 'the stream that tabs share, loaded with the first one',
    path: 'dist/adapters/browser/shared-stream.js',
    gzip: true,
    limit: '1.7 KB',
  },
]
