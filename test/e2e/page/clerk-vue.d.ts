/**
 * The declarations of the package cannot be read here: they name folders without a file, which `moduleResolution:
 * nodenext` refuses.
 */
declare module '@clerk/vue' {
  export const clerkPlugin: import('vue').Plugin<[options: object]>
  export const SignIn: import('vue').Component
  export const UserButton: import('vue').Component
  export const useAuth: import('authchart/vue').VueUseAuth
}
