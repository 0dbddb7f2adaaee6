import { DAY_MS, shanghaiDate } from '../dates.ts';
import { regulationName, type Regulation } from '../ledger/duties.ts';

/** What a document on something that was not rectified in time says: a notice (书面通报) or a letter (督办函). */
export interface NoticeFacts {
  number: string;
  management: string;
  /** What it is called, and what its order was called, as the profile has it. */
  name: string;
  order: string;
  regulation: Regulation;
  /** Articles that it rests on; null where the regulation has none for it: then it cites nothing as law. */
  law: {
    /** What the order was given under, and what that says. */
    article: string;
    quote: string;
    /** The item (项) of that article that the finding falls under. */
    item: { id: string; text: string } | null;
    /** What the notice is given under. */
    notice: string;
  } | null;
  unit: string;
  /** 随机抽查, 模拟办事, 电子督查 or 个案督办; null where it was entered by hand. */
  inspection: string | null;
  foundAt: Date;
  facts: string;
  orderedAt: Date;
  demand: string;
  /** Of the last term: it and where it ended. */
  workingDays: number;
  termFrom: Date;
  dueAt: Date;
  calendar: string;
  at: Date;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const html = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

const cited = (regulation: Regulation, article: string): string => `${regulationName(regulation)}${article}`;

function chineseDate(at: Date): string {
  const [year = '', month, day] = shanghaiDate(at.getTime()).split('-');
  return `${year}年${Number(month)}月${Number(day)}日`;
}

/** The document as a page to be printed: whatever a unit or a person wrote stands in it as text. */
export function noticeDocument(facts: NoticeFacts): string {
  const { name, order, law, regulation, unit, at, dueAt } = facts;
  // 书面 says how it is given; what is given is a 通报.
  const title = `关于${unit}逾期未改正有关问题的${name.replace(/^书面/, '')}`;
  // A term ends at an instant, usually the 24:00 of its last day.
  const lastDay = new Date(dueAt.getTime() - 1);
  const overdueDays = Math.max(1, Math.ceil((at.getTime() - dueAt.getTime()) / DAY_MS));
  const ordered = `${chineseDate(facts.orderedAt)}对你单位${order}，要求如下：`;
  const paragraphs = [
    `${chineseDate(facts.foundAt)}，我单位${facts.inspection === null ? '' : `在${facts.inspection}中`}发现你单位存在以下问题：`,
    facts.facts,
    ...(law?.item
      ? [`上述问题属于${cited(regulation, law.article)}第（${law.item.id}）项“${law.item.text}”所列情形。`]
      : []),
    law === null ? ordered : `依据${cited(regulation, law.article)}“${law.quote}”，${ordered}`,
    facts.demand,
    `${law === null ? '办理' : '改正'}期限为${facts.workingDays}个工作日${law === null ? '（内控时限）' : ''}，自${chineseDate(facts.termFrom)}起算，至${chineseDate(lastDay)}届满（工作日历 ${facts.calendar}）。截至${chineseDate(at)}，整改仍未经复查通过，已逾期${overdueDays}天。`,
    `${law === null ? `现发${name}` : `现依据${cited(regulation, law.notice)}予以${name}`}。请你单位立即改正，并将整改情况书面报送我单位。`,
    ...(regulation.draft ? [`${regulationName(regulation)}尚未施行，本文书不以其条款为依据。`] : []),
  ];
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>${html(title)}</title>
<style>
@page { size: A4; margin: 37mm 26mm 35mm 28mm; }
body { font: 16pt/1.9 FangSong, 仿宋, STFangsong, serif; max-width: 156mm; margin: 0 auto; color: #000; }
header { text-align: center; border-bottom: 2pt solid #c00; }
header strong { color: #c00; font: bold 30pt/1.6 SimSun, 宋体, serif; }
h1 { font: bold 22pt/1.5 SimSun, 宋体, serif; text-align: center; margin: 1.2em 0; }
p { text-indent: 2em; margin: 0; white-space: pre-line; }
p.to { text-indent: 0; }
footer { text-align: right; margin-top: 3em; padding-right: 4em; break-inside: avoid; }
</style>
</head>
<body>
<header><strong>${html(facts.management)}</strong><br>${html(facts.number)}</header>
<h1>${html(title)}</h1>
<p class="to">${html(unit)}：</p>
${paragraphs.map((text) => `<p>${html(text)}</p>`).join('\n')}
<footer>${html(facts.management)}<br>${chineseDate(at)}</footer>
</body>
</html>
`;
}
