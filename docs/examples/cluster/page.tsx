import { SeenServers } from '../shared/seen-servers.tsx'
import { startPage } from '../shared/shell.tsx'

startPage('The processes that answer', <SeenServers path="/api/process" name="pid" />)
