import type { Knex } from 'knex';
import type { Grant, Interface, UseRefusal } from '../../../domain/sharing/grant.ts';
import { callUpon, findAuthorisation, type Authorisation } from '../../../store/sharing/authorisations.ts';
import { lookAt, type Presentation } from '../../../store/sharing/presentations.ts';
import { holderHash } from '../../../store/sharing/uses.ts';

/** What a holder consents to, in place of a grant: showing certificates (亮证), or their use by a unit (授权). */
export interface Consent extends Pick<Grant, 'fields' | 'matterName' | 'until'> {
  by: { presentationId: number } | { authorisationId: number };
  /** Why there is nothing to take any more. */
  over: UseRefusal;
  /** Takes what the call needs of it; false where it is over. */
  take: (trx: Knex.Transaction, at: Date) => Promise<boolean>;
}

/** The consent of a holder who shows certificates. */
export const consentByShowing = (presentation: Presentation): Consent => ({
  by: { presentationId: presentation.id },
  fields: presentation.fields ?? [],
  matterName: '亮证',
  until: presentation.until,
  over: 'presentation-over',
  take: (trx, at) => lookAt(trx, presentation, at),
});

/** What is asked for by an authorisation. */
interface AuthorisedAsk {
  typeCode: string;
  interface: Interface;
}

/** The consent that an authorisation is, by its code, for what is asked of its holder; or why it is none. */
export async function consentByCode(
  db: Knex,
  code: string,
  ask: AuthorisedAsk & { unit: string; holder: string },
): Promise<{ authorisation: Authorisation | null; consent: Consent | UseRefusal }> {
  const found = await findAuthorisation(db, { code });
  const authorisation =
    found?.unitCode === ask.unit && found.holder.equals(await holderHash(db, ask.holder)) ? found : null;
  return { authorisation, consent: consentOf(authorisation, ask, { counts: true }) };
}

/** As `consentByCode`, for reading on what a call by the authorisation has found. */
export const consentToReadOn = async (db: Knex, id: number, ask: AuthorisedAsk): Promise<Consent | UseRefusal> =>
  consentOf(await findAuthorisation(db, { id }), ask, { counts: false });

function consentOf(
  authorisation: Authorisation | null,
  ask: AuthorisedAsk,
  counting: { counts: boolean },
): Consent | UseRefusal {
  if (!authorisation) return 'authorisation-unknown';
  const { id, types, interfaces, fields, until } = authorisation;
  if (!types.includes(ask.typeCode) || !interfaces.includes(ask.interface)) return 'authorisation-narrow';
  return {
    by: { authorisationId: id },
    fields,
    matterName: '依授权',
    until,
    over: 'authorisation-over',
    take: (trx, at) => callUpon(trx, authorisation, counting, at),
  };
}
