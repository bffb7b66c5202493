/** The user of every example. */
export const ada = { id: 'user_ada', email: 'ada@example.test', password: 'difference-engine' }
