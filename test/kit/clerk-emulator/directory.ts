import type { EmulatorClock } from './emulator-clock.ts'
import { createId } from './identifiers.ts'

/** A user as the emulator keeps it. Times are ms since the epoch. */
export interface EmulatedUser {
  readonly id: string
  readonly emailId: string
  email: string
  /** Passwords are compared as plain text, because this is a test double and not a password store. */
  password: string | null
  firstName: string | null
  lastName: string | null
  username: string | null
  imageUrl: string
  publicMetadata: Record<string, unknown>
  privateMetadata: Record<string, unknown>
  lastSignInAt: number | null
  readonly createdAt: number
  updatedAt: number
}

/** An organization in the emulator. Times are in epoch ms. */
export interface EmulatedOrganization {
  readonly id: string
  name: string
  slug: string
  readonly createdAt: number
  updatedAt: number
}

/** The membership of a user in an organization. Times are in epoch ms. */
export interface EmulatedMembership {
  readonly id: string
  readonly organizationId: string
  readonly userId: string
  /** The role with Clerk's prefix, for example `org:admin`. */
  role: string
  /** Custom permissions as `org:<feature>:<permission>`. */
  permissions: string[]
  readonly createdAt: number
  updatedAt: number
}

/** Options of `addUser`. Everything but the e-mail address has a default. */
export interface NewUser {
  /** Default: a random `user_…`. */
  id?: string
  email: string
  /** Default: none. Only a sign-in token then signs this user in. */
  password?: string
  firstName?: string | null
  lastName?: string | null
  username?: string | null
  /** Default: `''`, for which Clerk's components draw initials. */
  imageUrl?: string
  publicMetadata?: Record<string, unknown>
  privateMetadata?: Record<string, unknown>
}

/** Options of `addOrganization`. */
export interface NewOrganization {
  /** Default: a random `org_…`. */
  id?: string
  name: string
  /** Default: the name in lower case with dashes. */
  slug?: string
}

export type Directory = ReturnType<typeof createDirectory>

/** The emulator's users and organizations, and their memberships. */
export function createDirectory(clock: EmulatorClock) {
  const users = new Map<string, EmulatedUser>()
  const organizations = new Map<string, EmulatedOrganization>()
  const memberships = new Map<string, EmulatedMembership>()

  return {
    users,
    organizations,

    addUser(input: NewUser): EmulatedUser {
      if (!input.email) throw new TypeError('addUser: email is required')
      const now = clock.now()
      const user: EmulatedUser = {
        id: input.id ?? createId('user'),
        emailId: createId('idn'),
        email: input.email,
        password: input.password ?? null,
        firstName: input.firstName ?? null,
        lastName: input.lastName ?? null,
        username: input.username ?? null,
        imageUrl: input.imageUrl ?? '',
        publicMetadata: input.publicMetadata ?? {},
        privateMetadata: input.privateMetadata ?? {},
        lastSignInAt: null,
        createdAt: now,
        updatedAt: now,
      }
      users.set(user.id, user)
      return user
    },

    findByIdentifier(identifier: string): EmulatedUser | undefined {
      const wanted = identifier.toLowerCase()
      return [...users.values()].find(
        (user) => user.email.toLowerCase() === wanted || user.username?.toLowerCase() === wanted,
      )
    },

    removeUser(userId: string): void {
      users.delete(userId)
      for (const [key, membership] of memberships) if (membership.userId === userId) memberships.delete(key)
    },

    addOrganization(input: NewOrganization): EmulatedOrganization {
      if (!input.name) throw new TypeError('addOrganization: name is required')
      const now = clock.now()
      const slug = input.slug ?? input.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
      const organization = { id: input.id ?? createId('org'), name: input.name, slug, createdAt: now, updatedAt: now }
      organizations.set(organization.id, organization)
      return organization
    },

    /** Adds a member, or changes a member's role. */
    setMembership(
      userId: string,
      organizationId: string,
      role: string,
      permissions: string[] = [],
    ): EmulatedMembership {
      const now = clock.now()
      const known = memberships.get(`${organizationId} ${userId}`)
      const membership: EmulatedMembership = {
        id: known?.id ?? createId('orgmem'),
        organizationId,
        userId,
        role: role.startsWith('org:') ? role : `org:${role}`,
        permissions,
        createdAt: known?.createdAt ?? now,
        updatedAt: now,
      }
      memberships.set(`${organizationId} ${userId}`, membership)
      return membership
    },

    removeMembership(userId: string, organizationId: string): boolean {
      return memberships.delete(`${organizationId} ${userId}`)
    },

    membership: (userId: string, organizationId: string) => memberships.get(`${organizationId} ${userId}`),
    membershipsOfUser: (userId: string) => [...memberships.values()].filter((one) => one.userId === userId),
    membershipsOfOrganization: (organizationId: string) =>
      [...memberships.values()].filter((one) => one.organizationId === organizationId),
  }
}
