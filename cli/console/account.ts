import { Option, type Command } from 'commander';
import { ROLES, type Role } from '../../domain/access.ts';
import { fault } from '../../domain/faults.ts';
import { addAccount, firstPassword, listAccounts, setPassword, type Account } from '../../store/console/accounts.ts';
import { withLibrary } from '../kit/library.ts';
import { withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { print, printList, table, timeText } from '../kit/output.ts';

interface AddOptions extends CommonOptions {
  role: Role;
  name: string;
  unit?: string;
}

export function addAccountCommand(program: Command): void {
  const account = withData(withConfig(program.command('account')))
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub account\n  ./hub account add admin --role administrator --name 系统管理员\n  ./hub account add zhang --role issuer --name 张三 --unit 11320200MB1D55902K\n  ./hub account reset zhang',
    )
    .action((options: CommonOptions & { json?: boolean }) =>
      withLibrary(options, async (db) => {
        printList(await listAccounts(db), options.json, accountTable);
      }),
    );

  withData(withConfig(account.command('add <login>')))
    .summary('add an account; its first password is printed, and changed at the first sign-in')
    .addOption(new Option('--role <role>', 'what they do').choices(Object.keys(ROLES)).makeOptionMandatory())
    .requiredOption('--name <name>', 'as it stands in the record of what they do')
    .option('--unit <code>', 'their unit: they see it and those below it (default: all units)')
    .action((login: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<AddOptions>();
      return withLibrary(options, async (db) => {
        const password = firstPassword();
        await addAccount(
          db,
          { login, name: options.name, role: options.role, unitCode: options.unit ?? null },
          { password, mustChange: true },
          new Date(),
        );
        print(`${login.toLowerCase()}: 初始密码 first password ${password}`);
      });
    });

  withData(withConfig(account.command('reset <login>')))
    .summary('set another first password; ends every session of the account')
    .action((login: string, _options: unknown, command: Command) =>
      withLibrary(command.optsWithGlobals<CommonOptions>(), async (db) => {
        const found = (await listAccounts(db)).find((one) => one.login === login.toLowerCase());
        if (!found) throw fault('account-unknown', { login });
        const password = firstPassword();
        await db.transaction((trx) => setPassword(trx, found.id, { password, mustChange: true, at: new Date() }));
        print(`${found.login}: 初始密码 first password ${password}`);
      }),
    );
}

const accountTable = (rows: readonly Account[]): string =>
  table(rows, [
    ['用户名', ({ login }) => login],
    ['姓名', ({ name }) => name],
    ['角色', ({ role }) => `${ROLES[role].zh} ${role}`],
    ['单位', ({ unitCode, unitName }) => (unitCode === null ? '' : `${unitName ?? ''} ${unitCode}`)],
    ['', ({ disabledAt }) => (disabledAt ? `已停用 ${timeText(disabledAt)}` : '')],
  ]);
