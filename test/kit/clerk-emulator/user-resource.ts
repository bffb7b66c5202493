import type { UserJSON } from '@clerk/backend'
import type { EmulatedUser } from './directory.ts'

/** A user in the form of the Backend API, including private metadata. */
export function toBackendUser(user: EmulatedUser): UserJSON {
  return {
    object: 'user',
    id: user.id,
    username: user.username,
    first_name: user.firstName,
    last_name: user.lastName,
    image_url: user.imageUrl,
    has_image: user.imageUrl !== '',
    primary_email_address_id: user.emailId,
    primary_phone_number_id: null,
    primary_web3_wallet_id: null,
    password_enabled: user.password !== null,
    password_last_updated_at: null,
    two_factor_enabled: false,
    totp_enabled: false,
    backup_code_enabled: false,
    email_addresses: [toEmailAddress(user)],
    phone_numbers: [],
    web3_wallets: [],
    external_accounts: [],
    enterprise_accounts: [],
    organization_memberships: null,
    public_metadata: user.publicMetadata,
    private_metadata: user.privateMetadata,
    unsafe_metadata: {},
    external_id: null,
    last_sign_in_at: user.lastSignInAt,
    banned: false,
    locked: false,
    deprovisioned: false,
    lockout_expires_in_seconds: null,
    verification_attempts_remaining: 100,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
    last_active_at: user.lastSignInAt,
    create_organization_enabled: true,
    create_organizations_limit: null,
    delete_self_enabled: true,
    legal_accepted_at: null,
    locale: null,
    timezone: null,
  }
}

/**
 * A user as the Frontend API shows it to the user's own browser: without private metadata, and with memberships inline.
 */
export function toFrontendUser(user: EmulatedUser, memberships: unknown[]): Record<string, unknown> {
  const { private_metadata: _private, ...json } = toBackendUser(user)
  return { ...json, passkeys: [], saml_accounts: [], organization_memberships: memberships }
}

/** The few fields of a user that other members, and a half-finished sign-in, may see. */
export function toPublicUserData(user: EmulatedUser) {
  return {
    user_id: user.id,
    first_name: user.firstName,
    last_name: user.lastName,
    image_url: user.imageUrl,
    has_image: user.imageUrl !== '',
    identifier: user.email,
  }
}

function toEmailAddress(user: EmulatedUser): UserJSON['email_addresses'][number] {
  return {
    object: 'email_address',
    id: user.emailId,
    email_address: user.email,
    linked_to: [],
    verification: {
      object: 'verification_admin' as 'email_address',
      id: '',
      status: 'verified',
      strategy: 'admin',
      attempts: null,
      expire_at: null,
    },
  }
}
