import { DAY_MS, shanghaiDate } from '../dates.ts';

/** What a notice (书面通报) says. */
export interface NoticeFacts {
  number: string;
  management: string;
  regulation: { title: string; number?: string | undefined };
  /** Article under which the order was given, what it says, and what a breach leads to by it. */
  article: string;
  quote: string;
  breach: string;
  unit: string;
  /** 随机抽查, 模拟办事 or 电子督查. */
  inspection: string;
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

function chineseDate(at: Date): string {
  const [year = '', month, day] = shanghaiDate(at.getTime()).split('-');
  return `${year}年${Number(month)}月${Number(day)}日`;
}

/** The notice as a page to be printed: whatever a unit or a person wrote stands in it as text. */
export function noticeDocument(facts: NoticeFacts): string {
  const { regulation, unit, at, dueAt } = facts;
  const title = `关于${unit}逾期未改正有关问题的通报`;
  const law = `《${regulation.title}》${regulation.number === undefined ? '' : `（${regulation.number}）`}`;
  // A term ends at an instant, usually the 24:00 of its last day.
  const lastDay = new Date(dueAt.getTime() - 1);
  const overdueDays = Math.max(1, Math.ceil((at.getTime() - dueAt.getTime()) / DAY_MS));
  const paragraphs = [
    `${chineseDate(facts.foundAt)}，我单位在${facts.inspection}中发现你单位存在以下问题：`,
    facts.facts,
    `依据${law}${facts.article}“${facts.quote}”，${chineseDate(facts.orderedAt)}责令你单位限期改正，要求如下：`,
    facts.demand,
    `改正期限为${facts.workingDays}个工作日，自${chineseDate(facts.termFrom)}起算，至${chineseDate(lastDay)}届满（工作日历 ${facts.calendar}）。截至${chineseDate(at)}，整改仍未经复查通过，已逾期${overdueDays}天。`,
    `现依据${law}${facts.article}（${facts.breach}）予以书面通报。请你单位立即改正，并将整改情况书面报送我单位。`,
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
