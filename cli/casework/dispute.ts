import type { Command } from 'commander';
import { z } from 'zod';
import { parseYaml } from '../../settings/diagnostics.ts';
import { disputeSchema } from '../../settings/schemas/tickets.ts';
import { DISPUTE_ACTIONS, DISPUTE_STAGES, disputeStage, type DisputeAction } from '../../domain/casework/dispute.ts';
import { configurationError } from '../../domain/errors.ts';
import {
  actOnDispute,
  listDisputes,
  openDispute,
  requireDispute,
  type Dispute,
  type DisputeStep,
} from '../../store/casework/disputes.ts';
import { listTicketFaults } from '../../store/casework/ticket-faults.ts';
import { caseId, inCase, printCase, timeOption, withActor, withCase, type CaseOptions } from './case-command.ts';
import { withLibrary } from '../kit/library.ts';
import { timeText, printList, table } from '../kit/output.ts';
import { positive, readGiven } from '../kit/options.ts';

type Options = CaseOptions & Record<string, string | boolean | undefined>;

const ticketSchema = disputeSchema.extend({
  source: z.string().min(1).default('command'),
});
const ticketsSchema = z.union([z.array(ticketSchema).min(1), ticketSchema.transform((one) => [one])]);

/** What each action asks for beside the dispute and who does it, and what it does. */
const STEPS: Record<
  DisputeAction,
  {
    options: [flags: string, description: string, required?: boolean][];
    step: (options: Options) => DisputeStep;
  }
> = {
  receive: {
    options: [['--at <time>', 'when (default: now)']],
    step: ({ at }) => ({ action: 'receive', receivedAt: timeOption(text(at), '--at') }),
  },
  mark: { options: [], step: () => ({ action: 'mark' }) },
  verify: {
    options: [
      ['--upheld', 'the objector is right; else not'],
      ['--answer-file <file>', 'the text for the objector', true],
    ],
    step: ({ upheld, answerFile }) => ({ action: 'verify', upheld: upheld === true, answer: fileText(answerFile) }),
  },
  'hand-up': {
    options: [
      ['--to <office>', 'to whom', true],
      ['--reference <number>', 'under which number'],
    ],
    step: ({ to, reference }) => ({ action: 'hand-up', to: text(to) ?? '', reference: text(reference) ?? null }),
  },
  route: {
    options: [
      ['--to <office>', 'to whom', true],
      ['--reference <number>', 'under which number'],
    ],
    step: ({ to, reference }) => ({ action: 'route', to: text(to) ?? '', reference: text(reference) ?? null }),
  },
  'upper-answer': {
    options: [
      ['--upheld', 'the objector is right; else not'],
      ['--answer-file <file>', 'the text for the objector', true],
    ],
    step: ({ upheld, answerFile }) => ({
      action: 'upper-answer',
      upheld: upheld === true,
      answer: fileText(answerFile),
    }),
  },
  tell: {
    options: [['--receipt <text>', 'what proves it, such as the number of a call', true]],
    step: ({ receipt }) => ({ action: 'tell', receipt: text(receipt) ?? '' }),
  },
  correct: {
    options: [['--note <text>', 'how', true]],
    step: ({ note }) => ({ action: 'correct', note: text(note) ?? '' }),
  },
  transfer: {
    options: [
      ['--unit <code>', '统一社会信用代码 of the issuer', true],
      ['--unit-name <name>', 'its name', true],
    ],
    step: ({ unit, unitName }) => ({
      action: 'transfer',
      issuer: { code: text(unit) ?? '', name: text(unitName) ?? '' },
    }),
  },
  merge: {
    options: [['--into <id>', 'which', true]],
    step: ({ into }) => ({ action: 'merge', into: caseId(text(into) ?? '') }),
  },
  withdraw: {
    options: [['--reason <text>', 'why', true]],
    step: ({ reason }) => ({ action: 'withdraw', reason: text(reason) ?? '' }),
  },
  reopen: {
    options: [['--reason <text>', 'why', true]],
    step: ({ reason }) => ({ action: 'reopen', reason: text(reason) ?? '' }),
  },
};

const text = (value: string | boolean | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** Answers are for one person and come from a file, not from the command line, which others can see. */
function fileText(file: string | boolean | undefined): string {
  const read = readGiven(text(file) ?? '')
    .toString()
    .trim();
  if (read !== '') return read;
  throw configurationError('the answer is empty', { code: 'option-invalid', cure: 'write it into the file' });
}

export function addDispute(program: Command): void {
  const dispute = withCase(program.command('dispute'))
    .option('--open', 'only those that are not closed')
    .option('--number <number>', 'about the certificate with this number')
    .option('--issuer <code>', 'for this issuer')
    .option('--limit <count>', 'the latest so many', positive, 100)
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub dispute --open\n  ./hub dispute raise ticket.yaml --by 热线\n  ./hub dispute receive 12 --by 张三\n  ./hub dispute mark 12 --by 张三\n  ./hub dispute verify 12 --upheld --answer-file answer.txt --by 张三\n  ./hub dispute show 12\n  ./hub dispute faults',
    )
    .action((options: CaseOptions & { open?: boolean; number?: string; issuer?: string; limit: number }) =>
      withLibrary(options, async (db) => {
        const found = await listDisputes(db, options);
        printList(found.map(masked), options.json, disputeTable);
      }),
    );

  withActor(dispute.command('raise <file>'))
    .summary('take disputes from a YAML or JSON file: one ticket, or a list of them')
    .description(
      'Fields: number (of the certificate), statement; and, where known: source (hotline), ticket, type, objector, contact,\n' +
        'raisedAt, receivedAt (by the issuer). A ticket that came before is not taken twice.',
    )
    .action(async (file: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CaseOptions>();
      const { value: tickets, faults } = parseYaml(file, readGiven(file).toString(), () => ticketsSchema);
      if (!tickets) throw configurationError(faults.join('\n'), { code: 'file-invalid' });
      for (const { type, raisedAt, ...ticket } of tickets) {
        await inCase(options, async (db) => {
          const at = new Date();
          const given = { ...ticket, typeCode: type, raisedAt: raisedAt ?? at };
          const { id, known } = await openDispute(db, given, { by: options.by, at });
          return {
            file: { kind: 'dispute', id, round: 1 },
            said: `Dispute ${id}${known ? ' (known already)' : ''}`,
          };
        });
      }
    });

  withCase(dispute.command('faults'))
    .summary('tickets of the hotline that could not be taken, and why')
    .description(
      'Each is tried again every 5 minutes and is gone from here once it is taken. One that the source does not mend is\n' +
        'raised by hand: ./hub dispute raise, with the connector as its source and the same ticket.',
    )
    .addHelpText('after', '\nExample:\n  ./hub dispute faults --json')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CaseOptions>();
      return withLibrary(options, async (db) => {
        const found = await listTicketFaults(db);
        printList(found, options.json, (rows) =>
          table(rows, [
            ['Source', ({ source }) => source],
            ['Ticket', ({ ticket }) => ticket],
            ['What is wrong', ({ reason }) => reason],
            ['Since', ({ firstSeenAt }) => timeText(firstSeenAt)],
            ['Last listed', ({ lastSeenAt }) => timeText(lastSeenAt)],
          ]),
        );
      });
    });

  withCase(dispute.command('show <id>'))
    .summary('one dispute with its deadlines and its timeline')
    .option('--unmasked', 'with objector, contact, statement and answer')
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CaseOptions & { unmasked?: boolean }>();
      return withLibrary(options, async (db) => {
        const found = await requireDispute(db, caseId(id));
        const shown = options.unmasked ? found : masked(found);
        if (options.json) return console.log(JSON.stringify(shown, null, 2));
        console.log(disputeTable([found]));
        for (const [name, value] of [
          ['Objector', shown.objector],
          ['Contact', shown.contact],
          ['Statement', shown.statement],
          ['Answer', shown.answer],
          ['Correction', found.correction],
          ['Receipt', found.toldReceipt],
        ] as const)
          if (value !== null) console.log(`${name}: ${value}`);
        await printCase(db, found);
      });
    });

  for (const name of Object.keys(DISPUTE_ACTIONS) as DisputeAction[]) {
    const { options: flags, step } = STEPS[name];
    const command = withActor(dispute.command(`${name} <id>`)).summary(DISPUTE_ACTIONS[name].help.en);
    for (const [flag, description, required] of flags)
      if (required) command.requiredOption(flag, description);
      else command.option(flag, description);
    command.action((id: string, _options: unknown, sub: Command) => {
      const options = sub.optsWithGlobals<Options>();
      return inCase(options, async (db) => {
        await actOnDispute(db, caseId(id), step(options), { by: options.by, at: new Date() });
        const found = await requireDispute(db, caseId(id));
        const stage = DISPUTE_STAGES[disputeStage(found)];
        return { file: found, said: `Dispute ${id}: ${stage.en} (${stage.zh})` };
      });
    });
  }
}

const hidden = (text: string | null): string | null => (text === null ? null : '***');

/** Who objects, and what they and we say, is not shown unless it is asked for. */
const masked = (dispute: Dispute): Dispute => ({
  ...dispute,
  objector: hidden(dispute.objector),
  contact: hidden(dispute.contact),
  statement: '***',
  answer: hidden(dispute.answer),
});

const disputeTable = (rows: readonly Dispute[]): string =>
  table(rows, [
    ['Id', ({ id }) => id, 'right'],
    ['Ticket', ({ source, ticket }) => `${source} ${ticket ?? ''}`],
    ['证照编号', ({ number }) => number],
    ['发证单位', ({ issuerName }) => issuerName ?? ''],
    ['阶段', (row) => `${DISPUTE_STAGES[disputeStage(row)].zh}${row.closedAs === null ? '' : ` ${row.closedAs}`}`],
    ['Round', ({ round }) => (round > 1 ? round : ''), 'right'],
    ['Raised', ({ raisedAt }) => timeText(raisedAt)],
    ['Received', ({ receivedAt }) => timeText(receivedAt)],
    ['Marked', ({ markedAt }) => timeText(markedAt)],
    ['Sent to', ({ sentTo }) => sentTo ?? ''],
    ['Result', ({ upheld }) => (upheld === null ? '' : upheld ? '成立' : '不成立')],
    ['Told', ({ toldAt }) => timeText(toldAt)],
  ]);
