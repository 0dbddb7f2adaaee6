import { z } from 'zod';
import { leadsAstray } from '../../../settings/outgoing.ts';
import { keyOf } from '../../../settings/values.ts';
import { may } from '../../../domain/access.ts';
import { fault } from '../../../domain/faults.ts';
import { CONTACT_ROLES, maskedReach, PHONE } from '../../../domain/ledger/contact.ts';
import { endContact, fileContact, listContacts, unitOfContact } from '../../../store/ledger/contacts.ts';
import { findUnit } from '../../../store/ledger/units.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { idParams, instant, text, unitCode } from '../base/views.ts';
import { sees } from '../ledger/tasks.ts';
import { UNIT_UNKNOWN } from './units.ts';

const contactRole = keyOf(CONTACT_ROLES);
const contactView = z
  .object({
    unitCode: z.string(),
    unitName: z.string(),
    id: z.int().nullable().meta({ description: 'null: nobody is on file' }),
    role: contactRole.nullable(),
    person: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    webhook: z.string().nullable(),
    filedAt: instant.nullable(),
    filedBy: z.string().nullable(),
  })
  .meta({ id: 'Contact' });
export type ContactView = z.input<typeof contactView>;

const CONTACT_UNKNOWN = new ApiProblem(404, 'contact-unknown', {
  zh: '没有这位在备案的联系人',
  en: 'There is no such contact on file',
});

const NOBODY = {
  role: null,
  person: null,
  email: null,
  phone: null,
  webhook: null,
  filedAt: null,
  filedBy: null,
};

const getContacts = get(
  '/contacts',
  {
    needs: 'contacts:read',
    summary: '专人 Who of each unit is on file; without contacts:file their addresses are masked',
    tag: 'accounts',
    answer: z.object({ items: z.array(contactView) }),
  },
  async (request, { db }) => {
    const principal = principalOf(request);
    const open = may(principal, 'contacts:file');
    const rows = await listContacts(db, principal.units);
    return {
      items: rows.map((row) =>
        row.id === null ? { ...NOBODY, ...row } : { ...row, ...(open ? {} : maskedReach(row)) },
      ),
    };
  },
);

const postContact = post(
  '/contacts',
  {
    needs: 'contacts:file',
    summary: '专人备案 Put somebody on file',
    tag: 'accounts',
    body: z
      .object({
        unitCode,
        role: contactRole.default('operator'),
        person: text(50),
        email: z.email().max(200).optional(),
        phone: z.string().regex(PHONE, '0-9').optional(),
        webhook: z
          .url({ protocol: /^https?$/ })
          .max(500)
          .optional(),
      })
      .refine(({ email, phone, webhook }) => email !== undefined || phone !== undefined || webhook !== undefined, {
        path: ['email'],
        error: '邮箱、手机、接口地址至少填一项 at least one of e-mail, phone and webhook',
      }),
    answer: z.object({ id: z.int() }),
    problems: [404, 422],
  },
  (request, options) =>
    act(request, options, async (trx, { by, at, principal }) => {
      const { email = null, phone = null, webhook = null, unitCode: code, ...rest } = request.body;
      const unit = await findUnit(trx, code);
      if (!unit || !sees(principal, code)) throw UNIT_UNKNOWN;
      if (webhook !== null && leadsAstray(webhook, options.config().settings.outgoing.networks))
        throw fault('address-astray');
      const contact = { unitCode: code, unitName: unit.name, ...rest, email, phone, webhook };
      const id = await fileContact(trx, contact, { by, at });
      return {
        answer: { id },
        deed: { action: 'contacts:file', object: `contact/${id}`, detail: { unit: code, role: rest.role } },
      };
    }),
);

const postContactEnd = post(
  '/contacts/:id/end',
  {
    needs: 'contacts:file',
    summary: '专人离任 Note that somebody is no contact any more; with nobody else, the unit owes a new one',
    tag: 'accounts',
    params: idParams,
    answer: z.object({}),
    problems: [404, 422],
  },
  (request, options) =>
    act(request, options, async (trx, { by, at, principal }) => {
      const { id } = request.params;
      const unit = await unitOfContact(trx, id);
      if (!sees(principal, unit) || !(await endContact(trx, id, { by, at }))) throw CONTACT_UNKNOWN;
      return {
        answer: {},
        deed: { action: 'contacts:file', object: `contact/${id}`, detail: { unit, changed: 'ended' } },
      };
    }),
);

/** Contact persons (专人) on file, whom reminders reach. */
export const contactRoutes = { getContacts, postContact, postContactEnd };
