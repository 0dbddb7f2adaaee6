import type { Command } from 'commander';
import { fault, faultInWords } from '../../domain/faults.ts';
import type { Said } from '../../domain/said.ts';
import { messageText } from '../../domain/ledger/reminders.ts';
import {
  acknowledgeReminder,
  listReminders,
  REMINDER_STATES,
  type ReminderReport,
} from '../../store/ledger/reminders.ts';
import type { Channel } from '../../store/ledger/contacts.ts';
import { withLibrary } from '../kit/library.ts';
import { idNumber, positive, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { print, printList, table, timeText } from '../kit/output.ts';

const CHANNELS = { email: '邮件', webhook: '接口', sms: '短信' } as const satisfies Record<Channel, string>;
const KINDS = { reminder: '提醒', escalation: '升级', digest: '每日简报' } as const;

interface ReminderListOptions extends CommonOptions {
  unit?: string;
  unacknowledged?: boolean;
  limit: number;
  json?: boolean;
}

export function addReminders(program: Command): void {
  const reminders = withData(withConfig(program.command('reminders')))
    .option('--unit <code>', 'only those to this unit')
    .option('--unacknowledged', 'only those that nobody has acknowledged')
    .option('--limit <count>', 'at most so many, the latest first', positive, 50)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub reminders --unacknowledged\n  ./hub reminders ack 12 --by 王工\n  ./hub reminders --unit 11320200014006438B --json',
    )
    .action((options: ReminderListOptions) =>
      withLibrary(options, async (db) => {
        const { unit, unacknowledged = false, limit } = options;
        const kept = await listReminders(db, { unit, unacknowledged, limit });
        const found = kept.map((one) => ({
          ...one,
          lastError: one.lastError === null ? null : faultInWords(one.lastError),
        }));
        printList(found, options.json, reminderTable);
      }),
    );

  withData(withConfig(reminders.command('ack <id>')))
    .summary('note that the unit has read a message, for all its contacts')
    .requiredOption('--by <name>', 'who has read it')
    .action((id: string, _options: unknown, command: Command) => {
      const { by, ...options } = command.optsWithGlobals<CommonOptions & { by: string }>();
      return withLibrary(options, async (db) => {
        if (!(await acknowledgeReminder(db, idNumber(id, 'reminder-unknown'), { by, at: new Date() })))
          throw fault('reminder-unknown', { id, why: 'acknowledged' });
        print(`提醒 ${id} 已确认。 Reminder ${id} is acknowledged`);
      });
    });
}

const reminderTable = (rows: readonly (Omit<ReminderReport, 'lastError'> & { lastError: Said | null })[]): string =>
  table(rows, [
    ['编号', ({ id }) => id, 'right'],
    ['状态', ({ state }) => `${state === 'undeliverable' || state === 'dead' ? '▲ ' : ''}${REMINDER_STATES[state]}`],
    ['单位', ({ unit }) => unit],
    ['', ({ kind }) => KINDS[kind]],
    ['渠道', ({ channel }) => (channel === null ? '' : CHANNELS[channel])],
    ['生成', ({ createdAt }) => timeText(createdAt)],
    ['发出', ({ sentAt }) => (sentAt ? timeText(sentAt) : '')],
    ['内容', ({ id, unit, kind, body }) => messageText(id, unit, kind, body).subject],
    [
      '确认',
      ({ acknowledgedAt, acknowledgedBy }) =>
        acknowledgedAt ? `${timeText(acknowledgedAt)} ${acknowledgedBy ?? ''}` : '',
    ],
    ['原因', ({ lastError }) => lastError?.zh ?? ''],
  ]);
