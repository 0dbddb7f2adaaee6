import type { Said } from '../said.ts';
import { foundInstead, placed } from './expected.ts';
import { inLines, type Fault, type Lines } from './fault.ts';

/** The kind of a case: its name and its command. */
interface OfCase {
  kind: Said & { command: string };
  id: number;
}

const unknown = ({ kind: { zh, en }, id }: OfCase): Said => ({
  zh: `没有编号为 ${id} 的${zh}`,
  en: `There is no ${en.toLowerCase()} ${id}`,
});
const listed = ({ kind: { command } }: OfCase): Said => ({
  zh: `用 ./hub ${command} 查看现有的编号`,
  en: `./hub ${command} lists them`,
});
const refused = ({ kind, id, action, why }: OfCase & { action: { name: string; zh: string }; why: Said }): Said => ({
  zh: `不能“${action.zh}”：${why.zh}`,
  en: `${kind.en} ${id} cannot be done “${action.name}”: ${why.en}`,
});
const shown = ({ kind: { command }, id }: OfCase): Said => ({
  zh: `用 ./hub ${command} show ${id} 查看现状`,
  en: `./hub ${command} show ${id} has how it stands`,
});

const ahead = ({ at, wallTime }: { at: string; wallTime: string }): Said => ({
  zh: `时间 ${wallTime} 晚于当前时间`,
  en: `found the time ${at}, which lies ahead of the clock`,
});
const corrected: Said = { zh: '修正时间', en: 'correct the time' };

/** Faults of disputes, outages, share requests and completed cases, and of what is done in cases of any kind. */
export const CASEWORK = {
  'case-unknown': { kind: 'configuration', status: 404, say: unknown, cure: listed },
  'finding-unknown': { kind: 'configuration', status: 404, say: unknown, cure: listed },
  'case-refused': { kind: 'configuration', status: 409, say: refused, cure: shown },
  'finding-stage': { kind: 'configuration', status: 409, say: refused, cure: shown },
  'not-overdue': { kind: 'configuration', status: 409, say: refused, cure: shown },
  'number-taken': { kind: 'configuration', field: 'number', say: refused, cure: shown },
  'notice-none': { kind: 'configuration', status: 409, say: refused, cure: shown },
  'item-unnamed': { kind: 'configuration', field: 'item', say: refused, cure: shown },
  'dispute-ahead': { kind: 'configuration', say: ahead, cure: corrected },
  'outage-ahead': { kind: 'configuration', say: ahead, cure: corrected },
  'share-ahead': { kind: 'configuration', say: ahead, cure: corrected },
  'task-ahead': { kind: 'configuration', say: ahead, cure: corrected },
  'start-too-old': {
    kind: 'configuration',
    say: ({ at, wallTime, days }: { at: string; wallTime: string; days: number }) => ({
      zh: `时间 ${wallTime} 早于 ${days} 天前，疑为笔误`,
      en: `found the time ${at}, which is over ${days} days ago`,
    }),
    cure: {
      zh: '修正时间；最早可填多久以前，见本市规则的 oldestDays',
      en: 'correct the time; oldestDays of the profile has how long ago it may lie',
    },
  },
  'share-need-after': {
    kind: 'configuration',
    field: 'neededAt',
    say: { zh: '需求产生时间晚于申请时间', en: 'the need cannot have arisen after the request' },
    cure: { zh: '修正其中一个时间', en: 'correct one of the times' },
  },
  'share-filing': {
    kind: 'configuration',
    say: {
      zh: '--filed 与 --said-by 须一并填写：何时提交，由谁说明',
      en: '--filed and --said-by go together: when it was handed in, and who says so',
    },
    cure: { zh: '两项都填，或都不填', en: 'give both, or none' },
  },
  'certificate-ambiguous': {
    kind: 'configuration',
    say: ({ types }: { types: readonly string[] }) => ({
      zh: `该编号下有 ${types.length} 种证照（${types.join('、')}），请填写证照类型代码`,
      en: `found certificates of ${types.length} types under this number: ${types.join(', ')}`,
    }),
    cure: { zh: '同时填写证照类型代码', en: 'name the type as well' },
  },
  'tickets-invalid': {
    kind: 'configuration',
    say: (facts: Lines) => ({ zh: `异议有误：\n${inLines(facts).zh}`, en: inLines(facts).en }),
  },
  'outage-streams': {
    kind: 'configuration',
    say: { zh: '没有填写受影响的数据流', en: 'found no streams, expected those that the outage stops' },
    cure: { zh: '用 ./hub status 查看现有的数据流', en: './hub status lists them' },
  },
  'evidence-missing': {
    kind: 'configuration',
    say: ({ id }: { id: number }) => ({
      zh: `故障报告 ${id} 没有上传证明材料`,
      en: `No file was handed in with outage ${id}`,
    }),
  },
  'evidence-too-large': {
    kind: 'configuration',
    say: ({ file, bytes, most }: { file: string; bytes: number; most: number }) => ({
      zh: `${file} 有 ${bytes} 字节，上限为 ${most} 字节`,
      en: `${file} has ${bytes} bytes, expected at most ${most}`,
    }),
    cure: { zh: '请提交较小的文件', en: 'hand in a smaller one' },
  },
  'answer-empty': {
    kind: 'configuration',
    say: { zh: '答复内容为空', en: 'the answer is empty' },
    cure: { zh: '将答复写入该文件', en: 'write it into the file' },
  },
  'cases-invalid': {
    kind: 'configuration',
    say: ({ lines, more }: { more: number } & Lines) => {
      const { zh, en } = inLines({ lines }, { zh: '；', en: '; ' });
      return {
        zh: `整份未接收：${zh}${more > 0 ? `；另有 ${more} 处` : ''}`,
        en: `Nothing was taken. ${en}${more > 0 ? `; and ${more} more` : ''}`,
      };
    },
    cure: { zh: '修正后重新通知', en: 'correct it and announce it again' },
  },
  'cases-of-which': {
    kind: 'configuration',
    say: { zh: '没有说明是哪个数据流的办件', en: 'Cases of which stream?' },
    cure: { zh: '用 --stream 指明', en: 'name it with --stream' },
  },
  'ticket-undecoded': {
    kind: 'configuration',
    say: {
      zh: '不是有字段的记录，应为 UTF-8 编码、有字段的记录',
      en: 'found no record with fields, expected one, in UTF-8',
    },
  },
  'ticket-invalid': {
    kind: 'configuration',
    say: ({ fields }: { fields: readonly { field: string; isGiven: boolean; expected: Said }[] }) =>
      inLines(
        {
          lines: fields.map(({ field, isGiven, expected }) =>
            placed(field, foundInstead(isGiven ? { zh: '其他值', en: 'another value' } : null, expected)),
          ),
        },
        { zh: '；', en: '; ' },
      ),
  },
} satisfies Record<string, Fault>;
