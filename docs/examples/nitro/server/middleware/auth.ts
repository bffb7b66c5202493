import { defineHandler } from 'nitro/h3'
import { getAuth } from '../utils/auth'

export default defineHandler((event) => getAuth().fetch(event.req))
