/** Answers what is under `/auth`, and gives the page its first view. */
export default defineEventHandler(async (event) => {
  const { req, res } = event.node
  await new Promise<void>((resolve, reject) => {
    res.once('close', resolve)
    getAuth().node(req, res, (error) => (error ? reject(error) : resolve()))
  })
  if (!res.writableEnded && event.path === '/') event.context.view = await getAuth().publicView(event)
})
