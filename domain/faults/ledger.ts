import type { Said } from '../said.ts';
import type { Fault } from './fault.ts';

/** Faults of units, deadlines, contact persons, reminders and what they are sent by. */
export const LEDGER = {
  'unit-unknown': {
    kind: 'configuration',
    status: 404,
    say: ({ units }: { units: readonly string[] }) => ({
      zh: `没有单位 ${units.join('、')}`,
      en: `There is no unit ${units.join(', ')}`,
    }),
    cure: { zh: '请填写枢纽已有的单位', en: 'name one that the hub knows' },
  },
  'unit-above-missing': {
    kind: 'configuration',
    field: 'parentCode',
    say: ({ unit }: { unit: string }) => ({ zh: `没有单位 ${unit}`, en: `There is no unit ${unit}` }),
    cure: { zh: '先添加上级单位', en: 'add the unit above it first' },
  },
  'unit-ring': {
    kind: 'configuration',
    field: 'parentCode',
    say: ({ unit, parent }: { unit: string; parent: string }) => ({
      zh: '上级单位不能是本单位或其下级',
      en: `${parent} is ${unit} itself or below it`,
    }),
    cure: { zh: '请填写它的上级单位', en: 'name a unit above it' },
  },
  'calendar-changed': {
    kind: 'configuration',
    say: ({ year, version }: { year: number; version: string }) => ({
      zh: `${year} 年的工作日有变，版本仍为“${version}”`,
      en: `the working days of ${year} changed, and their version is still “${version}”`,
    }),
    cure: ({ year }: { year: number }) => ({
      zh: `为 config/calendars/${year}.yaml 另给版本号：时限任务按版本说明计算依据`,
      en: `give config/calendars/${year}.yaml a new version: deadlines say by which one they were counted`,
    }),
  },
  'calendar-losses': {
    kind: 'configuration',
    status: 422,
    say: ({ year, losses }: { year: number; losses: readonly Said[] }) => ({
      zh: `${year} 年日历缺少以下日期，须核对通知原文后确认：${losses.map(({ zh }) => zh).join('；')}`,
      en: `The table of ${year} loses days, and nobody has confirmed it: ${losses.map(({ en }) => en).join('; ')}`,
    }),
    cure: {
      zh: '修正日历；通知原文确实如此的，确认所缺日期（--confirm-losses）',
      en: 'correct the table; where the notice really says so, confirm what is lost (--confirm-losses)',
    },
  },
  'calendar-missing': {
    kind: 'configuration',
    say: ({ year }: { year: number }) => ({
      zh: `日历未公布：没有 ${year} 年的工作日`,
      en: `日历未公布: there is no table of the working days of ${year}`,
    }),
    cure: ({ year }: { year: number }) => ({
      zh: `国务院办公厅通知公布后，添加 config/calendars/${year}.yaml`,
      en: `add config/calendars/${year}.yaml from the State Council’s notice once it is published`,
    }),
  },
  'task-unknown': {
    kind: 'configuration',
    say: ({ id, why }: { id: string; why: 'number' | 'none' | 'ended' }) => {
      const { zh, en } = WHY[why];
      return { zh: `时限任务 ${id}：${zh}`, en: `Task ${id}: ${en}` };
    },
    cure: { zh: '用 ./hub tasks 查看任务及其编号', en: './hub tasks lists them with their ids' },
  },
  'day-unknown': {
    kind: 'configuration',
    say: ({ stream, date }: { stream: string; date: string }) => ({
      zh: `数据流 ${stream} ${date} 没有归集时限`,
      en: `The stream ${stream} owes no increment of ${date}`,
    }),
    cure: {
      zh: '用 ./hub status 查看数据流；每日归集的自启用之日起才有归集日',
      en: './hub status lists the streams; daily ones owe their days from the one on which they were first seen',
    },
  },
  'exemption-none': {
    kind: 'configuration',
    status: 409,
    say: {
      zh: '本市规则没有容错条款，不能容错',
      en: 'The regulation has no exemption: the profile has no supervision.exemption',
    },
    cure: { zh: '催办，或协助解决困难', en: 'urge the unit, or see to what hinders it' },
  },
  'exception-none': {
    kind: 'configuration',
    status: 409,
    say: {
      zh: '本市规则没有无法同步的例外条款',
      en: 'The regulation has no exception from synchronising: the profile has no synchronisation.exception',
    },
    cure: { zh: '按时限同步；确有困难的，请与管理单位协商', en: 'synchronise in time, or ask the management unit' },
  },
  'review-unasked': {
    kind: 'configuration',
    status: 409,
    say: {
      zh: '本市规则不要求登记签发审核',
      en: 'The regulation asks for no review: no rule of the profile has the duty review',
    },
    cure: { zh: '无需声明', en: 'nothing has to be declared' },
  },
  'declaration-known': {
    kind: 'configuration',
    status: 409,
    say: ({ stream }: { stream: string }) => ({
      zh: `数据流 ${stream} 已有此项声明`,
      en: `That is declared of the stream ${stream} already`,
    }),
    cure: { zh: '先终止原声明', en: 'end the one that stands first' },
  },
  'declaration-unknown': {
    kind: 'configuration',
    status: 404,
    say: ({ id, why }: { id: number | string; why: 'number' | 'none' }) => {
      const { zh, en } = WHY[why];
      return { zh: `声明 ${id}：${zh}`, en: `Declaration ${id}: ${en}` };
    },
    cure: { zh: '用 ./hub declarations 查看', en: './hub declarations lists them' },
  },
  'evidence-unasked': {
    kind: 'configuration',
    status: 409,
    say: ({ duty, among }: { duty: string; among: readonly string[] }) => ({
      zh: `${duty} 不以证明材料落实；以证明材料落实的有 ${among.join('、')}`,
      en: `no evidence is filed for ${duty}; it is for ${among.join(', ')}`,
    }),
    cure: { zh: '用 ./hub duties 查看各项义务由什么落实', en: './hub duties says what serves each duty' },
  },
  'evidence-unknown': {
    kind: 'configuration',
    status: 404,
    say: ({ id, why }: { id: number | string; why: 'number' | 'none' }) => {
      const { zh, en } = WHY[why];
      return { zh: `证明材料 ${id}：${zh}`, en: `Evidence ${id}: ${en}` };
    },
    cure: { zh: '用 ./hub duties evidence 查看', en: './hub duties evidence lists it' },
  },
  'management-unnamed': {
    kind: 'configuration',
    say: { zh: 'hub.yaml 没有写明管理单位（managementUnit）', en: 'hub.yaml names no managementUnit' },
  },
  'contact-none': {
    kind: 'configuration',
    say: { zh: '专人未备案', en: 'no contact is on file (专人未备案)' },
  },
  'channel-none': {
    kind: 'configuration',
    say: {
      zh: '在备案的专人没有 hub.yaml 的 reminders 中已设置的渠道',
      en: 'no contact has a channel that is set up under reminders in hub.yaml',
    },
  },
  'task-ended': {
    kind: 'configuration',
    status: 409,
    say: ({ task }: { task: number }) => ({
      zh: `时限任务 ${task} 未逾期，或已撤销、容错，不能容错`,
      en: `Task ${task} was not missed, is exempted or cancelled already, or there is none`,
    }),
    cure: { zh: '用 ./hub tasks 查看任务及其编号', en: './hub tasks lists them with their ids' },
  },
  'term-not-past': {
    kind: 'configuration',
    status: 409,
    say: ({ task }: { task: number }) => ({
      zh: `时限任务 ${task} 未逾期，或不按起算时间计时，不能更正起算时间`,
      en: `Task ${task} is not overdue or met late, or is not counted from a start`,
    }),
    cure: { zh: '用 ./hub tasks 查看任务及其状态', en: './hub tasks lists them with their states' },
  },
  'contact-unknown': {
    kind: 'configuration',
    say: ({ id, why }: { id: string; why: 'number' | 'unfiled' }) => {
      const { zh, en } = WHY[why];
      return { zh: `联系人 ${id}：${zh}`, en: `Contact ${id}: ${en}` };
    },
    cure: { zh: '用 ./hub contacts 查看联系人及其编号', en: './hub contacts lists them with their ids' },
  },
  'contact-invalid': {
    kind: 'configuration',
    // What was found stays unsaid: it is somebody's name, number or address.
    say: ({ expected }: { expected: readonly { option: string; what: Said }[] }) => ({
      zh: expected.map(({ option, what }) => `--${option}：${what.zh}`).join('\n'),
      en: expected.map(({ option, what }) => `--${option}: ${what.en}`).join('\n'),
    }),
    cure: { zh: './hub contacts file --help 有示例', en: './hub contacts file --help shows an example' },
  },
  'reminder-unknown': {
    kind: 'configuration',
    say: ({ id, why }: { id: string; why: 'number' | 'acknowledged' }) => {
      const { zh, en } = WHY[why];
      return { zh: `提醒 ${id}：${zh}`, en: `Reminder ${id}: ${en}` };
    },
    cure: { zh: '用 ./hub reminders 查看提醒及其编号', en: './hub reminders lists them with their ids' },
  },
  // What reminders are sent by
  'message-refused': {
    kind: 'configuration',
    say: (facts: { channel: string } | { webhook: number } | { mail: string }) => {
      if ('channel' in facts)
        return {
          zh: `hub.yaml 中已没有 reminders.${facts.channel} 的设置`,
          en: `reminders.${facts.channel} is not set up in hub.yaml any more`,
        };
      return 'webhook' in facts
        ? { zh: `接收地址拒收：${facts.webhook}`, en: `the webhook refused the message: ${facts.webhook}` }
        : { zh: `邮件服务器拒收：${facts.mail}`, en: `the mail server refused the message: ${facts.mail}` };
    },
    cure: {
      zh: '修正联系人的地址，或 hub.yaml 中 reminders 的设置',
      en: 'correct the address of the contact, or reminders in hub.yaml',
    },
  },
  'address-astray': {
    kind: 'configuration',
    field: 'webhook',
    say: {
      zh: '接收地址不在公网，也不在允许的网段内',
      en: 'the address is neither a public one nor in a network that is allowed',
    },
    cure: {
      zh: '请系统管理员在 hub.yaml 的 outgoing.networks 中加入该网段',
      en: 'have the administrator add its network to outgoing.networks in hub.yaml',
    },
  },
  'webhook-away': {
    kind: 'transient',
    say: ({ why }: { why: string }) => ({
      zh: `接收地址没有应答（${why}）`,
      en: `the webhook gave no answer (${why})`,
    }),
    cure: { zh: '无需操作，系统会再次发送', en: 'nothing to do, it is sent again' },
  },
  'webhook-failing': {
    kind: 'transient',
    say: ({ status }: { status: number }) => ({ zh: `接收地址答复 ${status}`, en: `the webhook answered ${status}` }),
    cure: { zh: '无需操作，系统会再次发送', en: 'nothing to do, it is sent again' },
  },
  'mail-failing': {
    kind: 'transient',
    say: ({ why }: { why: string }) => ({
      zh: `邮件服务器没有接收（${why}）`,
      en: `the mail server did not take the message: ${why}`,
    }),
    cure: { zh: '无需操作，系统会再次发送', en: 'nothing to do, it is sent again' },
  },
} satisfies Record<string, Fault>;

/** Why something that was named by its number is not there. */
const WHY = {
  number: { zh: '应为其编号', en: 'expected its number' },
  none: { zh: '没有这一项', en: 'there is none' },
  ended: { zh: '已容错或撤销，或没有这一项', en: 'it is exempted or cancelled already, or there is none' },
  unfiled: { zh: '没有备案', en: 'there is none on file' },
  acknowledged: { zh: '已确认，或没有这一项', en: 'it is acknowledged already, or there is none' },
};
