import { charts, script, style } from './page-assets.ts'

/** Returns the page as one HTML document that loads nothing else. It contains no data, which come by its stream. */
export function toPageDocument(nonce: string): string {
  const pictures = Object.entries(charts).map(
    ([id, svg]) => `<div class="chart" data-chart="${id}" hidden>${svg}</div>`,
  )
  return toDocument(
    nonce,
    `<header class="bar">
<h1>authchart <span>inspector</span></h1>
<p id="link" role="status" data-link="connecting">connecting</p>
</header>
<main>
<nav class="panel sessions" aria-label="Sessions">
<label for="search">Sessions <output id="count"></output></label>
<input id="search" type="search" placeholder="channel, user or state" autocomplete="off" spellcheck="false">
<ul id="sessions"></ul>
<p class="empty" id="none">No session yet. Open your app in another tab.</p>
</nav>
<section class="panel trail" aria-labelledby="trail-title">
<h2 id="trail-title">Events</h2>
<ol id="steps"></ol>
<div id="detail" tabindex="0" role="region" aria-label="After this event"><h3>After this event</h3><dl id="context"></dl></div>
</section>
<section class="panel stage" aria-labelledby="title">
<header><h2 id="title">…</h2><span id="now" class="pill"></span><p id="who"></p>
<button id="fit" title="The whole chart" aria-pressed="false">Fit</button></header>
<div id="canvas" tabindex="0" role="img" aria-label="Statechart">${pictures.join('\n')}</div>
<p id="about"></p>
<p id="why"></p>
<div class="player" role="group" aria-label="Replay">
<button id="first" title="First event kept (Home)" aria-label="First event">${toIcon('M3 3h2v10H3zM13 3v10L6 8z')}</button>
<button id="back" title="One event back (←)" aria-label="One event back">${toIcon('M11 3v10L4 8z')}</button>
<button id="play" title="Replay (space)" aria-pressed="false">Replay</button>
<button id="forth" title="One event on (→)" aria-label="One event on">${toIcon('M5 3v10l7-5z')}</button>
<input id="scrub" type="range" min="0" max="0" value="0" aria-label="Event shown">
<output id="place"></output>
<button id="live" title="Follow what happens (End)" aria-pressed="true">Live</button>
</div>
</section>
</main>
<script type="module" nonce="${nonce}">${script}</script>`,
  )
}

/** Returns the page for a browser that has no key, or one that was used. */
export function toRefusalDocument(nonce: string): string {
  return toDocument(
    nonce,
    `<main class="refusal"><h1>This page opens by a key</h1>
<p>There was none in the address, or it has been used: a key opens the page once. The server gives a new one with every <code>inspector.link()</code>, and when it starts.</p></main>`,
  )
}

const toIcon = (path: string) => `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`

function toDocument(nonce: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>authchart inspector</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${style}</style>
</head>
<body>
${body}
</body>
</html>
`
}
