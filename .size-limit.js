/** Minified and gzipped. What a page pays for: the binding beside the libraries it has anyway, and the client with XState in it. */
export default [
  {
    name: 'authchart/react, without react, xstate and @xstate/react',
    path: 'dist/react/index.js',
    gzip: true,
    limit: '11.7 KB',
  },
  {
    name: 'authchart/client, with xstate',
    path: 'dist/adapters/browser/index.js',
    import: '{ createAuthClient }',
    gzip: true,
    // XState is a peer, and size-limit would leave it out.
    modifyEsbuildConfig: (config) => ({ ...config, external: [] }),
    limit: '22.8 KB',
  },
]
