/** Files that `import()` loads: what runs the client, at its start, and the stream that tabs share, with the first one. */
const later = ['./sync-runtime.js', './shared-stream.js']
const withLater = (config) => ({ ...config, external: [...config.external, ...later] })

/** Minified and gzipped. The first two are what a page waits for; the others are loaded after its first content. */
export default [
  {
    name: 'authchart/react before the start, without react, xstate and @xstate/react',
    path: 'dist/react/index.js',
    gzip: true,
    limit: '8 KB',
    modifyEsbuildConfig: withLater,
  },
  {
    name: 'authchart/client before the start, all that a page of a signed-out visitor waits for',
    path: 'dist/adapters/browser/index.js',
    import: '{ createAuthClient }',
    gzip: true,
    limit: '6 KB',
    modifyEsbuildConfig: withLater,
  },
  {
    name: 'the statechart with xstate and the transport, loaded at the start',
    path: 'dist/adapters/browser/sync-runtime.js',
    gzip: true,
    // XState is a peer, and size-limit would leave it out.
    modifyEsbuildConfig: (config) => ({ ...config, external: ['./shared-stream.js'] }),
    limit: '24.1 KB',
  },
  {
    name: 'the stream that tabs share, loaded with the first one',
    path: 'dist/adapters/browser/shared-stream.js',
    gzip: true,
    limit: '1.7 KB',
  },
]
