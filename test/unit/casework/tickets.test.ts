import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { disputeSourceSchema } from '../../../settings/kinds/stream.ts';
import { ticketInWords } from '../../../domain/casework/ticket.ts';
import { faultInWords } from '../../../domain/faults.ts';
import { readTickets } from '../../../connectors/lists/tickets.ts';

const config = disputeSourceSchema.parse({
  fields: {
    ticket: 'id',
    number: 'cert.no',
    type: { from: 'kind', lookup: { permit: 'T1' } },
    objector: 'who',
    contact: { from: 'tel', default: '12345' },
    statement: 'text',
    raisedAt: 'at',
    receivedAt: 'got',
  },
});
const TICKET = { id: 7, cert: { no: ' 锡建〔2026〕1 ' }, who: '王五', text: '姓名有误', at: '2026-03-02 09:00:00' };
const read = (...records: unknown[]) => readTickets(records, config);
const at = (time: string): Date => new Date(`${time}+08:00`);

describe('tickets of a list', () => {
  it('are read by their connector’s fields', () => {
    assert.deepEqual(read({ ...TICKET, kind: 'permit', tel: 'null', got: '2026/3/2 16:00' }), {
      faults: [],
      tickets: [
        {
          ticket: '7',
          number: '锡建〔2026〕1',
          type: 'T1',
          objector: '王五',
          contact: '12345',
          statement: '姓名有误',
          raisedAt: at('2026-03-02T09:00:00'),
          receivedAt: at('2026-03-02T16:00:00'),
        },
      ],
    });
    const [bare] = read(TICKET).tickets;
    assert.deepEqual([bare?.type, bare?.receivedAt], [null, undefined]);
  });

  it('times whose day comes first are read as the rule says', () => {
    const dmy = { fields: { ...config.fields, raisedAt: { from: 'at', dates: 'dmy' as const } } };
    const { tickets } = readTickets([{ ...TICKET, at: '03/04/2026' }], dmy);
    assert.deepEqual(tickets[0]?.raisedAt, at('2026-04-03T00:00:00'));
  });

  it('each fault is named with its ticket and its field, stops no other, and shows nothing of what is said', () => {
    const { tickets, faults } = read(
      { ...TICKET, id: 'a', cert: {} },
      { ...TICKET, id: 'b', at: '王五昨天' },
      { ...TICKET, id: 'c', text: '王五\0', got: '13800000000x' },
      { ...TICKET, id: 'd', text: { html: '王五' } },
      { ...TICKET, id: null },
      '王五',
      null,
      TICKET,
    );
    assert.deepEqual(
      tickets.map(({ ticket }) => ticket),
      ['7'],
    );
    const time = 'expected a time such as "2026-11-22 09:30:00"';
    assert.deepEqual(
      faults.map(({ ticket, numbered, reason }) => [
        numbered,
        ticket.replace(/[0-9a-f]{12}$/, '…'),
        faultInWords(reason).en,
      ]),
      [
        [true, 'a', 'number: found nothing, expected a string'],
        [true, 'b', `raisedAt: found another value, ${time}`],
        [
          true,
          'c',
          `statement: found another value, expected a text without control characters; receivedAt: found another value, ${time}`,
        ],
        [true, 'd', 'statement: found another value, expected a string'],
        [false, 'without a number, …', 'ticket: found nothing, expected a string'],
        [false, 'entry 6', 'found no record with fields, expected one, in UTF-8'],
        [false, 'entry 7', 'found no record with fields, expected one, in UTF-8'],
      ],
    );
    assert.ok(!JSON.stringify(faults).includes('王五'));
    assert.deepEqual(
      faults
        .slice(3, 6)
        .map(({ ticket, reason }) => [ticketInWords(ticket).zh.replace(/[0-9a-f]{12}$/, '…'), faultInWords(reason).zh]),
      [
        ['d', 'statement：现为其他值，应为文本'],
        ['无编号，…', 'ticket：没有填写，应为文本'],
        ['第 6 条', '不是有字段的记录，应为 UTF-8 编码、有字段的记录'],
      ],
    );
  });
});
