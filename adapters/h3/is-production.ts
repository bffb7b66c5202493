/** True where the process says so of itself. */
export const isProduction = (): boolean => process.env['NODE_ENV'] === 'production'
