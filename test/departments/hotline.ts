import { shanghaiWallTime } from '../../domain/dates.ts';
import { recordsBefore, versionsOf, type Scale } from './records.ts';
import { FORMATS } from './trades.ts';

/**
 * What the 12345 hotline lists about building permits: one that the issuer has not received yet and that is listed
 * twice, one that it has, one under a number that nobody has, and one that says no number.
 */
export function hotlineTickets(scale: Scale, nowMs: number): Record<string, unknown>[] {
  const numbers: string[] = [];
  for (let index = 0; numbers.length < 2 && index < recordsBefore(scale, nowMs); index++) {
    const last = versionsOf(FORMATS.housing.trade, scale, index, nowMs).at(-1);
    if (last?.defect === null && !last.deleted) numbers.push(last.certificate.number);
  }
  const [first = '', second = ''] = numbers;
  const atMs = scale.anchorMs - 3_600_000;
  const ticket = (index: number, more: object): Record<string, unknown> => ({
    gdbh: `12345-${String(index).padStart(4, '0')}`,
    zjbh: '',
    sqr: '王五',
    lxdh: '13800000000',
    sqsj: shanghaiWallTime(atMs),
    jssj: '',
    ...more,
  });
  const address = ticket(1, { zjbh: first, nr: '证照上的建设地址与现场不符' });
  return [
    address,
    ticket(2, { zjbh: second, nr: '施工单位名称有误', jssj: shanghaiWallTime(atMs + 1_800_000) }),
    ticket(3, { zjbh: '3202(2020)99999999', nr: '查不到我的证照' }),
    ticket(4, { nr: '证照有误,请核实' }),
    address,
  ];
}
