/** The pages of the site in reading order. It imports nothing, so that a test can read it without the site's packages. */
export const sidebar = [
  {
    text: 'Start',
    items: [
      { text: 'authchart', link: '/' },
      { text: 'Getting started', link: '/getting-started' },
      { text: 'The statecharts', link: '/statechart' },
    ],
  },
  {
    text: 'Build',
    items: [
      { text: 'The server', link: '/server' },
      { text: 'React and the browser client', link: '/client' },
      { text: 'Vue', link: '/vue' },
      { text: 'Svelte and Solid', link: '/svelte' },
      { text: 'Frameworks', link: '/frameworks' },
      { text: 'Runtimes', link: '/runtimes' },
      { text: 'Environments', link: '/environments' },
      { text: 'Embedding', link: '/embedding' },
      { text: 'Examples', link: '/examples' },
    ],
  },
  {
    text: 'Run',
    items: [
      { text: 'Several nodes', link: '/scaling' },
      { text: 'A store of your own', link: '/store' },
      { text: 'Security', link: '/security' },
      { text: 'How a token is verified', link: '/verification' },
      { text: 'Performance', link: '/performance' },
      { text: 'Bad networks', link: '/networks' },
      { text: 'Failures', link: '/faults' },
    ],
  },
  {
    text: 'Test and look inside',
    items: [
      { text: 'Testing', link: '/testing' },
      { text: 'The inspector', link: '/inspector' },
      { text: 'Errors', link: '/errors' },
      { text: 'Troubleshooting', link: '/troubleshooting' },
    ],
  },
  {
    text: 'Choose and move',
    items: [
      { text: 'From reflex-clerk-api', link: '/from-reflex-clerk-api' },
      { text: 'Comparison', link: '/comparison' },
    ],
  },
  {
    text: 'Background',
    items: [
      { text: 'The wire protocol', link: '/protocol' },
      {
        text: 'Decisions',
        link: '/decisions/README',
        collapsed: true,
        items: [
          { text: 'The auth chart is compiled', link: '/decisions/compiled-chart' },
          { text: 'Server-sent events', link: '/decisions/server-sent-events' },
          { text: 'Whole views', link: '/decisions/whole-views' },
          { text: 'Records, not snapshots', link: '/decisions/records' },
          { text: 'Tombstones', link: '/decisions/tombstones' },
          { text: 'Libraries', link: '/decisions/libraries' },
        ],
      },
      { text: 'Glossary', link: '/glossary' },
      { text: 'Architecture', link: '/architecture' },
      { text: 'The package', link: '/package' },
    ],
  },
]

/** The pages that TypeDoc makes, by entry point. */
export const apiSidebar = {
  text: 'API reference',
  items: [
    { text: 'authchart', link: '/api/authchart' },
    { text: 'h3', link: '/api/authchart/h3' },
    { text: 'client', link: '/api/authchart/client' },
    { text: 'react', link: '/api/authchart/react' },
    { text: 'react/clerk', link: '/api/authchart/react/clerk' },
    { text: 'react/clerk-react', link: '/api/authchart/react/clerk-react' },
    { text: 'vue', link: '/api/authchart/vue' },
    { text: 'svelte', link: '/api/authchart/svelte' },
    { text: 'solid', link: '/api/authchart/solid' },
    { text: 'jose', link: '/api/authchart/jose' },
    { text: 'clerk', link: '/api/authchart/clerk' },
    { text: 'redis', link: '/api/authchart/redis' },
    { text: 'sqlite', link: '/api/authchart/sqlite' },
    { text: 'store', link: '/api/authchart/store' },
    { text: 'inspector', link: '/api/authchart/inspector' },
    { text: 'testing', link: '/api/authchart/testing' },
  ],
}
