import type { Command } from 'commander';
import { z } from 'zod';
import { parseYaml } from '../../settings/diagnostics.ts';
import { disputeSchema } from '../../settings/schemas/tickets.ts';
import { DISPUTE, DISPUTE_ENDS, DISPUTE_SOURCES, DISPUTE_STAGES, disputeStage } from '../../domain/casework/dispute.ts';
import { ticketInWords } from '../../domain/casework/ticket.ts';
import { fault, faultInWords } from '../../domain/faults.ts';
import { DISPUTES, listDisputes, openDispute, requireDispute, type Dispute } from '../../store/casework/disputes.ts';
import { listTicketFaults } from '../../store/casework/ticket-faults.ts';
import { addActions, caseId, inCase, printCase, withActor, withCase, type CaseOptions } from './case-command.ts';
import { printerFor } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { jsonText, printList, table, timeText } from '../kit/output.ts';
import { positive, readGiven } from '../kit/options.ts';

const ticketSchema = disputeSchema.extend({
  source: z.string().min(1).default('command'),
});
const ticketsSchema = z.union([z.array(ticketSchema).min(1), ticketSchema.transform((one) => [one])]);

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
      if (!tickets) throw fault('tickets-invalid', { lines: faults });
      for (const { type, raisedAt, ...ticket } of tickets) {
        await inCase(options, async (db) => {
          const at = new Date();
          const given = { ...ticket, typeCode: type, raisedAt: raisedAt ?? at };
          const { id, known } = await openDispute(db, given, { by: options.by, at });
          return {
            file: { kind: 'dispute', id, round: 1 },
            said: `异议 ${id}${known ? '（此前已登记）' : '已登记'}。 Dispute ${id}${known ? ' (known already)' : ''}`,
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
        const found = (await listTicketFaults(db)).map((kept) => ({ ...kept, reason: faultInWords(kept.reason) }));
        printList(found, options.json, (rows) =>
          table(rows, [
            ['来源', ({ source }) => source],
            ['工单', ({ ticket }) => ticketInWords(ticket).zh],
            ['问题', ({ reason }) => reason.zh],
            ['首次发现', ({ firstSeenAt }) => timeText(firstSeenAt)],
            ['最近列出', ({ lastSeenAt }) => timeText(lastSeenAt)],
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
        const print = await printerFor(db, options.unmasked, {
          action: 'disputes:personal',
          object: `dispute/${found.id}`,
          detail: {},
        });
        if (options.json) return print(jsonText(shown));
        print(disputeTable([found]));
        for (const [name, value] of [
          ['Objector', shown.objector],
          ['Contact', shown.contact],
          ['Statement', shown.statement],
          ['Answer', shown.answer],
          ['Correction', found.correction],
          ['Receipt', found.toldReceipt],
        ] as const)
          if (value !== null) print(`${name}: ${value}`);
        await printCase(db, found);
      });
    });

  addActions(dispute, DISPUTES, Object.keys(DISPUTE.actions), masked);
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
    ['编号', ({ id }) => id, 'right'],
    ['工单', ({ source, ticket }) => `${DISPUTE_SOURCES[source]?.zh ?? source} ${ticket ?? ''}`],
    ['证照编号', ({ number }) => number],
    ['发证单位', ({ issuerName }) => issuerName ?? ''],
    ['阶段', (row) => (row.closedAs === null ? DISPUTE_STAGES[disputeStage(row)] : DISPUTE_ENDS[row.closedAs]).zh],
    ['轮次', ({ round }) => (round > 1 ? round : ''), 'right'],
    ['提出', ({ raisedAt }) => timeText(raisedAt)],
    ['送达发证单位', ({ receivedAt }) => timeText(receivedAt)],
    ['确认接收', ({ acknowledgedAt }) => timeText(acknowledgedAt)],
    ['标注', ({ markedAt }) => timeText(markedAt)],
    ['提请或转往', ({ sentTo }) => sentTo ?? ''],
    ['核实结果', ({ upheld }) => (upheld === null ? '' : upheld ? '成立' : '不成立')],
    ['告知', ({ toldAt }) => timeText(toldAt)],
  ]);
