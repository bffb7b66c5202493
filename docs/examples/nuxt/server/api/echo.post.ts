/** A route of the app's own, which has nothing to do with authchart. */
export default defineEventHandler((event) => readBody(event))
