import { defineHandler } from 'nitro/h3'
import { getAuth } from '../utils/auth'

export default defineHandler(async (event) => {
  try {
    const { userId, orgId } = await getAuth().require(event.req)
    return { userId, orgId }
  } catch (error) {
    return getAuth().toResponse(error)
  }
})
