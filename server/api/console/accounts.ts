import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { may } from '../../../domain/access.ts';
import { CONTACT_ROLES, maskedReach, PHONE } from '../../../domain/ledger/contact.ts';
import {
  addAccount,
  changeAccount,
  findAccount,
  firstPassword,
  listAccounts,
  releaseAccount,
  setPassword,
  type Account,
} from '../../../store/console/accounts.ts';
import { listAudit } from '../../../store/console/audit.ts';
import { endContact, fileContact, listContacts, unitOfContact } from '../../../store/ledger/contacts.ts';
import { findUnit, listUnits, lockUnits, saveUnit, type UnitRow } from '../../../store/ledger/units.ts';
import { principalOf } from '../base/access.ts';
import { act, actInSecret, type Deed } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { changedMeanwhile, requireSeen } from '../base/case-action.ts';
import { ApiProblem } from '../base/problem.ts';
import { role } from './session.ts';
import { sees } from '../ledger/tasks.ts';
import { idParams, instant, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';
import type { FastifyRequest } from 'fastify';

const accountView = z
  .object({
    id: z.int(),
    login: z.string(),
    name: z.string(),
    role,
    unitCode: z.string().nullable(),
    unitName: z.string().nullable(),
    external: z.boolean().meta({ description: 'Signs in through the identity provider (OIDC)' }),
    mustChange: z.boolean(),
    lockedUntil: instant.nullable(),
    createdAt: instant,
    disabledAt: instant.nullable(),
    version: z.string().meta({ description: 'For If-Match of changes' }),
  })
  .meta({ id: 'Account' });
export type AccountView = z.input<typeof accountView>;

const unitView = z
  .object({
    code: z.string(),
    name: z.string(),
    parentCode: z.string().nullable().meta({ description: 'The unit that it is below' }),
    version: z.string().meta({ description: 'For If-Match of changes' }),
  })
  .meta({ id: 'Unit' });
export type UnitView = z.input<typeof unitView>;

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

const choice = z.object({ name: text(100), role, unitCode: unitCode.nullable().default(null) });
const password = z
  .object({ password: z.string().nullable().meta({ description: 'The first password, said this once; null: OIDC' }) })
  .meta({ id: 'FirstPassword' });
const login = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/, 'a-z 0-9 . _ @ -');

const ACCOUNT_UNKNOWN = new ApiProblem(404, 'account-unknown', { zh: '没有这个账号', en: 'There is no such account' });
const UNIT_UNKNOWN = new ApiProblem(404, 'unit-unknown', { zh: '没有这个单位', en: 'There is no such unit' });
const UNIT_TAKEN = new ApiProblem(409, 'unit-taken', {
  zh: '该代码的单位已存在',
  en: 'There is a unit with this code already',
});
const CONTACT_UNKNOWN = new ApiProblem(404, 'contact-unknown', {
  zh: '没有这位在备案的联系人',
  en: 'There is no such contact on file',
});

/** Differs once a unit is called otherwise or is below another. */
const unitVersion = ({ name, parentCode }: UnitRow): string =>
  hash('sha256', JSON.stringify([name, parentCode]), 'hex').slice(0, 16);

const shown = (account: Account): z.output<typeof accountView> => ({ ...account, version: String(account.version) });

export function accountRoutes(app: Api, options: ApiOptions): void {
  const { db } = options;

  app.get(
    '/accounts',
    {
      config: { needs: 'accounts:manage' },
      schema: {
        summary: '账号 Accounts, by login',
        tags: ['accounts'],
        querystring: paging.extend({
          text: z.string().max(100).optional().meta({ description: 'In the login or the name' }),
          role: role.optional(),
          unit: unitCode.optional(),
        }),
        response: { 200: pageOf(accountView) },
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      const [last] = readCursor(after, z.tuple([z.string()])) ?? [];
      const rows = await listAccounts(db, { ...filter, after: last, limit: limit + 1 });
      const { items, next } = pageOfRows(rows, limit, (account) => [account.login]);
      return { items: items.map(shown), next };
    },
  );

  app.post(
    '/accounts',
    {
      config: { needs: 'accounts:manage' },
      schema: {
        summary: '新增账号 Add an account; its first password is answered this once',
        tags: ['accounts'],
        body: choice.extend({
          login,
          external: z.boolean().default(false).meta({ description: 'Signs in through the identity provider (OIDC)' }),
        }),
        response: { 200: password },
      },
    },
    (request) =>
      actInSecret(request, options, async (trx, { at }) => {
        const { external, ...given } = request.body;
        const first = external ? null : firstPassword();
        await addAccount(trx, given, first === null ? 'external' : { password: first, mustChange: true }, at);
        const { role: held, unitCode: unit } = given;
        return {
          answer: { password: first },
          deed: deed(`account/${given.login}`, { changed: 'added', role: held, unit, external }),
        };
      }),
  );

  /** Changes an account once it is as the caller saw it; who was first is told. */
  const change = async (
    request: FastifyRequest & { params: { id: number } },
    work: (trx: Knex.Transaction, account: Account, at: Date) => Promise<Record<string, unknown>>,
  ): Promise<Record<string, never>> =>
    act(request, options, async (trx, { at }) => {
      const account = await requireAccount(trx, request.params.id);
      requireSeen(request, String(account.version), await lastChange(trx, `account/${account.login}`));
      const detail = await work(trx, account, at);
      return { answer: {}, deed: deed(`account/${account.login}`, detail) };
    });

  app.put(
    '/accounts/:id',
    {
      config: { needs: 'accounts:manage' },
      schema: {
        summary: '修改账号 Change an account; it has to sign in again',
        tags: ['accounts'],
        params: idParams,
        body: choice,
        response: { 200: z.object({}) },
      },
    },
    (request) =>
      change(request, async (trx, account) => {
        const given = request.body;
        if (!(await changeAccount(trx, account.id, account.version, given, account.disabledAt)))
          throw changedMeanwhile(await lastChange(trx, `account/${account.login}`));
        return {
          changed: 'changed',
          role: { from: account.role, to: given.role },
          unit: { from: account.unitCode, to: given.unitCode },
        };
      }),
  );

  for (const [path, summary, changed] of [
    ['disable', '停用账号 Disable an account; its sessions and tokens end', 'disabled'],
    ['enable', '启用账号 Enable an account', 'enabled'],
  ] as const)
    app.post(
      `/accounts/:id/${path}`,
      {
        config: { needs: 'accounts:manage' },
        schema: { summary, tags: ['accounts'], params: idParams, response: { 200: z.object({}) } },
      },
      (request) =>
        change(request, async (trx, account, at) => {
          if (!(await changeAccount(trx, account.id, account.version, account, path === 'disable' ? at : null)))
            throw changedMeanwhile(await lastChange(trx, `account/${account.login}`));
          return { changed };
        }),
    );

  app.post(
    '/accounts/:id/reset',
    {
      config: { needs: 'accounts:manage' },
      schema: {
        summary:
          '重置密码 Set another first password, answered this once; of an account of the identity provider: its next sign-in counts as the first',
        tags: ['accounts'],
        params: idParams,
        response: { 200: password },
      },
    },
    (request) =>
      actInSecret(request, options, async (trx) => {
        const account = await requireAccount(trx, request.params.id);
        const first = account.external ? null : firstPassword();
        if (first === null) await releaseAccount(trx, account.id);
        else await setPassword(trx, account.id, { password: first, mustChange: true });
        return { answer: { password: first }, deed: deed(`account/${account.login}`, { changed: 'reset' }) };
      }),
  );

  app.get(
    '/units',
    {
      config: { needs: 'tasks:read' },
      schema: {
        summary: '单位 Units that one sees, by name; all of them, for they make one tree',
        tags: ['accounts'],
        response: { 200: z.object({ items: z.array(unitView) }) },
      },
    },
    async (request) => {
      const units = await listUnits(db, principalOf(request).units);
      return { items: units.map((unit) => ({ ...unit, version: unitVersion(unit) })) };
    },
  );

  app.post(
    '/units',
    {
      config: { needs: 'accounts:manage' },
      schema: {
        summary: '新增单位 Add a unit',
        tags: ['accounts'],
        body: z.object({ code: unitCode, name: text(100), parentCode: unitCode.nullable().default(null) }),
        response: { 200: z.object({}) },
      },
    },
    (request) =>
      act(request, options, async (trx) => {
        const { code, parentCode } = request.body;
        if (await findUnit(trx, code)) throw UNIT_TAKEN;
        await saveUnit(trx, request.body);
        return { answer: {}, deed: deed(`unit/${code}`, { changed: 'added', parent: parentCode }) };
      }),
  );

  app.put(
    '/units/:code',
    {
      config: { needs: 'accounts:manage' },
      schema: {
        summary: '修改单位 Change what a unit is called and below',
        tags: ['accounts'],
        params: z.object({ code: unitCode }),
        body: z.object({ name: text(100), parentCode: unitCode.nullable().default(null) }),
        response: { 200: z.object({}) },
      },
    },
    (request) =>
      act(request, options, async (trx) => {
        const { code } = request.params;
        await lockUnits(trx);
        const before = await findUnit(trx, code);
        if (!before) throw UNIT_UNKNOWN;
        requireSeen(request, unitVersion(before), await lastChange(trx, `unit/${code}`));
        const { name, parentCode } = request.body;
        await saveUnit(trx, { code, name, parentCode });
        const detail = {
          changed: 'changed',
          parent: { from: before.parentCode, to: parentCode },
          ...(name !== before.name && { name: { from: before.name, to: name } }),
        };
        return { answer: {}, deed: deed(`unit/${code}`, detail) };
      }),
  );

  app.get(
    '/contacts',
    {
      config: { needs: 'contacts:read' },
      schema: {
        summary: '专人 Who of each unit is on file; without contacts:file their addresses are masked',
        tags: ['accounts'],
        response: { 200: z.object({ items: z.array(contactView) }) },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const open = may(principal, 'contacts:file');
      const rows = await listContacts(db, principal.units);
      const nobody = {
        role: null,
        person: null,
        email: null,
        phone: null,
        webhook: null,
        filedAt: null,
        filedBy: null,
      };
      return {
        items: rows.map((row) =>
          row.id === null ? { ...nobody, ...row } : { ...row, ...(open ? {} : maskedReach(row)) },
        ),
      };
    },
  );

  app.post(
    '/contacts',
    {
      config: { needs: 'contacts:file' },
      schema: {
        summary: '专人备案 Put somebody on file',
        tags: ['accounts'],
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
        response: { 200: z.object({ id: z.int() }) },
      },
    },
    (request) =>
      act(request, options, async (trx, { by, at, principal }) => {
        const { email = null, phone = null, webhook = null, unitCode: code, ...rest } = request.body;
        const unit = await findUnit(trx, code);
        if (!unit || !sees(principal, code)) throw UNIT_UNKNOWN;
        const contact = { unitCode: code, unitName: unit.name, ...rest, email, phone, webhook };
        const id = await fileContact(trx, contact, { by, at });
        return {
          answer: { id },
          deed: { action: 'contacts:file', object: `contact/${id}`, detail: { unit: code, role: rest.role } },
        };
      }),
  );

  app.post(
    '/contacts/:id/end',
    {
      config: { needs: 'contacts:file' },
      schema: {
        summary: '专人离任 Note that somebody is no contact any more; with nobody else, the unit owes a new one',
        tags: ['accounts'],
        params: idParams,
        response: { 200: z.object({}) },
      },
    },
    (request) =>
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
}

const deed = (object: string, detail: Record<string, unknown>): Deed => ({ action: 'accounts:manage', object, detail });

async function requireAccount(trx: Knex.Transaction, id: number): Promise<Account> {
  const account = await findAccount(trx, id);
  if (account) return account;
  throw ACCOUNT_UNKNOWN;
}

/** Who changed an account or a unit last. */
async function lastChange(trx: Knex.Transaction, object: string) {
  const [last] = await listAudit(trx, { object, action: 'accounts:manage', limit: 1 });
  return last ? { by: last.actor, at: last.at, what: String(last.detail.changed) } : null;
}
