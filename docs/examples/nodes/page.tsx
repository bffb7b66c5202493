import { SeenServers } from '../shared/seen-servers.tsx'
import { startPage } from '../shared/shell.tsx'

startPage('The nodes that answer', <SeenServers path="/api/node" name="node" />)
