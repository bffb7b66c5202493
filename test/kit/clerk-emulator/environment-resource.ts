import type { InstanceSettings } from './emulator-options.ts'

/**
 * The settings of the instance that clerk-js needs before it starts: password sign-in by e-mail address, organizations
 * on, sign-up closed. clerk-js fills in everything else with its own defaults.
 */
export function toEnvironment({ applicationName, multiSession, personalAccounts }: InstanceSettings) {
  return {
    object: 'environment',
    id: 'env_emulator',
    maintenance_mode: false,
    auth_config: {
      object: 'auth_config',
      id: 'aac_emulator',
      single_session_mode: !multiSession,
      claimed_at: null,
      reverification: false,
    },
    display_config: {
      object: 'display_config',
      id: 'display_config_emulator',
      instance_environment_type: 'development',
      application_name: applicationName,
      branded: false,
      theme: { buttons: {}, general: {}, accounts: {} },
      preferred_sign_in_strategy: 'password',
      clerk_js_version: '5',
      show_devmode_warning: false,
    },
    user_settings: {
      attributes: {
        email_address: {
          ...unusedAttribute,
          enabled: true,
          required: true,
          used_for_first_factor: true,
          first_factors: ['email_code'],
          verifications: ['email_code'],
          verify_at_sign_up: true,
        },
        password: { ...unusedAttribute, enabled: true, required: true },
        username: { ...unusedAttribute, enabled: true, used_for_first_factor: true },
        first_name: { ...unusedAttribute, enabled: true },
        last_name: { ...unusedAttribute, enabled: true },
        phone_number: unusedAttribute,
        web3_wallet: unusedAttribute,
        authenticator_app: unusedAttribute,
        backup_code: unusedAttribute,
        passkey: unusedAttribute,
      },
      social: {},
      saml: { enabled: false },
      enterprise_sso: { enabled: false },
      sign_in: { second_factor: { required: false, enabled: false } },
      sign_up: { captcha_enabled: false, progressive: true, mode: 'restricted', legal_consent_enabled: false },
      restrictions: {},
      username_settings: { min_length: 4, max_length: 64 },
      actions: { delete_self: true, create_organization: true },
      passkey_settings: { allow_autofill: false, show_sign_in_button: false },
      password_settings: { disable_hibp: true, min_length: 8, max_length: 72, allowed_special_characters: '' },
    },
    organization_settings: {
      object: 'organization_settings',
      enabled: true,
      max_allowed_memberships: 100,
      force_organization_selection: !personalAccounts,
      actions: { admin_delete: true },
      domains: { enabled: false, enrollment_modes: [], default_role: null },
      slug: { disabled: true },
    },
  }
}

const unusedAttribute = {
  enabled: false,
  required: false,
  used_for_first_factor: false,
  first_factors: [],
  used_for_second_factor: false,
  second_factors: [],
  verifications: [],
  verify_at_sign_up: false,
}
