import { shanghaiWallTime } from '../dates.ts';
import { maskNumbers } from '../library/personal.ts';

/** What a copy of a certificate (加注件) says of itself, on every page and within. */
export interface CopyNote {
  /** What the certificate is called. */
  certificate: string;
  /** How it stood when the copy was made, in words. */
  standing: string;
  /** The user unit that it was made for. */
  unit: string;
  matter: string;
  matterName: string;
  scenario: string;
  /** 业务流水号. */
  business: string;
  reason: string;
  madeAt: Date;
  /** Until when it may be used for that. */
  until: Date;
  /** Number of the receipt of the call that it was made by. */
  receipt: string;
}

export const COPY_TITLE = '加注件：仅限下列用途，不是电子证照原件；印章图样不具有签章效力';

/** The note in lines; numbers of people in what a caller wrote are hidden. */
export const copyLines = (note: CopyNote): string[] =>
  [
    `证照：${note.certificate}（制作时${note.standing}）；用证单位：${note.unit}`,
    `事项：${note.matterName}（${note.matter}）；应用场景：${note.scenario}；业务流水号：${maskNumbers(note.business)}`,
    `事由：${maskNumbers(note.reason)}`,
    `用证期限至：${wallTime(note.until)}；制作时间：${wallTime(note.madeAt)}；用证回执：${note.receipt}`,
    // What nobody sees, and what would have the rest read otherwise, stays out.
  ].map((line) => line.replaceAll(/\p{C}+/gu, ' '));

/** What is repeated across each page. */
export const copyMark = ({ unit, receipt }: CopyNote): string => `加注件 ${unit} ${receipt.slice(0, 8)}`;

const wallTime = (at: Date): string => shanghaiWallTime(at.getTime());
