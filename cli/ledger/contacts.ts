import type { Command } from 'commander';
import { z } from 'zod';
import { CONTACT_ROLES, maskedReach, PHONE, type ContactRole } from '../../domain/ledger/contact.ts';
import { fault } from '../../domain/faults.ts';
import { endContact, fileContact, listContacts, type Contact, type UnitContact } from '../../store/ledger/contacts.ts';
import { printerFor } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { idNumber, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { jsonText, print, table, timeText } from '../kit/output.ts';
import { expected, expectedInWords, shouldBe } from '../../domain/faults/expected.ts';

const contactSchema = z
  .object({
    unit: z.string().regex(/^[0-9A-Z]{18}$/, expected('unit-code')),
    name: z.string().trim().min(1, expected('unit-name')),
    role: z
      .enum(Object.keys(CONTACT_ROLES) as [ContactRole, ...ContactRole[]], expected('contact-role'))
      .default('operator'),
    person: z.string().trim().min(1, expected('person')),
    email: z.email(expected('e-mail')).optional(),
    phone: z.string().regex(PHONE, expected('phone')).optional(),
    webhook: z.url({ protocol: /^https?$/, error: expected('webhook') }).optional(),
  })
  .refine(({ email, phone, webhook }) => email !== undefined || phone !== undefined || webhook !== undefined, {
    path: ['email'],
    error: expected('some-reach'),
  });

export function addContacts(program: Command): void {
  const contacts = withData(withConfig(program.command('contacts')))
    .description('Lists every unit that answers for a stream, also those that have nobody on file.')
    .option('--unmasked', 'phone numbers and addresses in full')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub contacts\n  ./hub contacts file --unit 11320200014006438B --name 市住房和城乡建设局 --person 王工 --email wang@example.gov.cn --by 李处长\n  ./hub contacts file --unit 11320200014006438B --name 市住房和城乡建设局 --role leader --person 赵局长 --phone 13800001234 --by 李处长\n  ./hub contacts end 3 --by 李处长',
    )
    .action((options: CommonOptions & { unmasked?: boolean; json?: boolean }) =>
      withLibrary(options, async (db) => {
        const found = await listContacts(db);
        const shown = options.unmasked ? found : found.map(masked);
        const print = await printerFor(db, options.unmasked, {
          action: 'contacts:read',
          object: 'contacts',
          detail: { records: found.length },
        });
        if (options.json) return print(jsonText(shown));
        print(shown.length === 0 ? '还没有单位。 There is no unit yet.' : contactTable(shown));
      }),
    );

  withData(withConfig(contacts.command('file')))
    .summary('put a contact on file')
    .requiredOption('--unit <code>', '统一社会信用代码 of the unit')
    .requiredOption('--name <unit>', 'name of the unit')
    .requiredOption('--person <name>', 'who it is')
    .option(
      '--role <role>',
      'operator (专人, the daily work) or leader (负责人, hears of what is escalated)',
      'operator',
    )
    .option('--email <address>')
    .option('--phone <number>')
    .option('--webhook <url>', 'address of the unit’s own system that takes reminders')
    .requiredOption('--by <name>', 'who files it')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { by: string }>();
      const parsed = contactSchema.safeParse(options);
      if (!parsed.success)
        throw fault('contact-invalid', {
          expected: parsed.error.issues.map(({ path, message }) => ({
            option: path.join('.'),
            what: shouldBe(expectedInWords(message)),
          })),
        });
      const { unit, name, email, phone, webhook, ...rest } = parsed.data;
      return withLibrary(options, async (db) => {
        const id = await fileContact(
          db,
          {
            unitCode: unit,
            unitName: name,
            ...rest,
            email: email ?? null,
            phone: phone ?? null,
            webhook: webhook ?? null,
          },
          { by: options.by, at: new Date() },
        );
        print(`${name}的${CONTACT_ROLES[rest.role].zh}已备案，编号 ${id}。 On file as contact ${id} of ${name}`);
      });
    });

  withData(withConfig(contacts.command('end <id>')))
    .summary('note that somebody is no contact any more; with nobody else on file, the unit owes a new one')
    .requiredOption('--by <name>', 'who says so')
    .action((id: string, _options: unknown, command: Command) => {
      const { by, ...options } = command.optsWithGlobals<CommonOptions & { by: string }>();
      return withLibrary(options, async (db) => {
        if (!(await endContact(db, idNumber(id, 'contact-unknown'), { by, at: new Date() })))
          throw fault('contact-unknown', { id, why: 'unfiled' });
        print(`联系人 ${id} 已撤销备案。 Contact ${id} is none any more`);
      });
    });
}

const isContact = (row: UnitContact): row is Contact => row.id !== null;

const masked = (row: UnitContact): UnitContact => (isContact(row) ? { ...row, ...maskedReach(row) } : row);

const contactTable = (rows: readonly UnitContact[]): string => {
  const of = (row: UnitContact, value: (contact: Contact) => string | number): string | number =>
    isContact(row) ? value(row) : '';
  return table(rows, [
    ['单位', ({ unitName }) => unitName],
    ['统一社会信用代码', ({ unitCode }) => unitCode],
    ['编号', (row) => of(row, ({ id }) => id), 'right'],
    ['', (row) => (isContact(row) ? CONTACT_ROLES[row.role].zh : '▲ 未备案')],
    ['姓名', (row) => of(row, ({ person }) => person)],
    ['邮箱', (row) => of(row, ({ email }) => email ?? '')],
    ['手机', (row) => of(row, ({ phone }) => phone ?? '')],
    ['接口地址', (row) => of(row, ({ webhook }) => webhook ?? '')],
    ['备案', (row) => of(row, ({ filedAt }) => timeText(filedAt))],
    ['备案人', (row) => of(row, ({ filedBy }) => filedBy)],
  ]);
};
