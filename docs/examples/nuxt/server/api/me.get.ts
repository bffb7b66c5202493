export default defineEventHandler(async (event) => {
  try {
    const { userId, orgId } = await getAuth().require(event)
    return { userId, orgId }
  } catch (error) {
    return getAuth().toResponse(error)
  }
})
