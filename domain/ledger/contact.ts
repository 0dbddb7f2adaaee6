/** What a contact is there for: the unit's daily work, or what is escalated. */
export const CONTACT_ROLES = {
  operator: { zh: '专人', en: 'daily work' },
  leader: { zh: '负责人', en: 'leader' },
} as const;
export type ContactRole = keyof typeof CONTACT_ROLES;

/** Phone numbers as people write them. */
export const PHONE = /^\+?\d[\d -]{4,20}$/;

/** Ways to reach somebody, none of them in full. */
export const maskedReach = ({ email, phone, webhook }: Record<'email' | 'phone' | 'webhook', string | null>) => ({
  email: email?.replace(/^(.).*(?=@)/, '$1***') ?? null,
  phone: phone?.replace(/^(.{3}).*(?=.{2}$)/, '$1****') ?? null,
  // The path of an address may be its key.
  webhook: webhook === null ? null : `${new URL(webhook).origin}/***`,
});
