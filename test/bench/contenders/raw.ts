/** A node:http stream without anything else, which is the lowest possible cost of a session. */
import { listen, sseHeaders, toViewFrame, type StartContender } from './contender.ts'
import { toPeerView } from './peer-view.ts'

export const startRaw: StartContender = async () => ({
  server: await listen((_request, response) => {
    response.writeHead(200, sseHeaders)
    response.write(toViewFrame(0, JSON.stringify(toPeerView('', 0, null))))
  }),
})
