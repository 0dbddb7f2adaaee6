import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { WindowPlan } from '../activities/collect.ts';
import type { Day, DayState } from '../activities/days.ts';
import { DAY_MS, shanghaiDate, shanghaiInstant, startOfDayMs, timeOfDayMs } from '../domain/dates.ts';
import { describeWindow, timeWindow, type TimeWindow } from '../domain/collection/window.ts';
import {
  closeDayEarlyUpdate,
  INCOMPLETE,
  NOT_THAT_DAY,
  NOTHING_OWED,
  type DailyAggregationInput,
  type DailyAggregationResult,
} from './messages.ts';
import { HUB_DUE_AT, SCHEDULED_AT } from './search-attributes.ts';
import {
  ledger,
  pausingOnConfigurationError,
  reconcileInTurn,
  returnInTurn,
  source,
  syncInTurn,
  unlessIncomplete,
} from './steps.ts';

const MINUTE_MS = 60_000;
/** Waits between two looks at a day that is not proven, growing. */
const RETRY_MINUTES = [2, 5, 10, 20, 30];
/** How often a window whose counts differ is read. */
const READS = 3;
/** The evening's last read begins this long before the day's end, at the latest. */
const LAST_READ_MS = 10 * MINUTE_MS;
/** A day's wake-ups do not all come at one instant. */
const SPREAD_MS = 10 * MINUTE_MS;

/**
 * One day's increment of one stream (每日增量归集). At the cut-off the day is read, counts are compared, differences are
 * narrowed and read again, and the day's obligation is met by the proof and by nothing else. A source that is away is
 * asked on through the evening; at 24:00 the obligation is overdue while the work goes on. What the evening still
 * produces is read once more before midnight; after it the rest of the calendar day is read and checked. A day that is
 * not proven by the next cut-off is handed over to the next run.
 */
export async function dailyAggregation(input: DailyAggregationInput): Promise<DailyAggregationResult> {
  return pausingOnConfigurationError(input, () => collectDay(input));
}

async function collectDay(input: DailyAggregationInput): Promise<DailyAggregationResult> {
  const { stream, title, unit } = input;
  const label = { stream, title, unit };
  let date = input.date ?? scheduledDate(input.cutOff);
  let dueMs = timeOfDayMs(date, '24:00');
  let note = '';
  let overdue = false;
  let turn: Promise<unknown> = Promise.resolve();

  // Set before anything is awaited, so that an update which starts this run finds it.
  const opening = openDay();
  setHandler(closeDayEarlyUpdate, async ({ at }: { at: string }) => {
    await opening;
    const atMs = Date.parse(at);
    // Not in a validator: it would be asked before the day is known.
    if (!(atMs > startOfDayMs(date) && atMs <= Math.min(timeOfDayMs(date, input.cutOff), Date.now()))) {
      const message = `${at} is not between the start of ${date} and now, or comes after the cut-off ${input.cutOff}`;
      throw ApplicationFailure.nonRetryable(message, NOT_THAT_DAY);
    }
    await openDay(at);
    return inTurn(() => collect(atMs));
  });

  const day = await opening;
  ({ date } = day);
  const cutOffMs = timeOfDayMs(date, input.cutOff);
  const endMs = timeOfDayMs(date, '24:00');
  dueMs = Date.parse(day.dueAt);
  upsertSearchAttributes([{ key: HUB_DUE_AT, value: new Date(dueMs) }]);
  const deadline = new CancellationScope();
  void deadline
    .run(async () => {
      await sleep(Math.max(0, dueMs - Date.now()), { summary: `截止 ${shortTime(day.dueAt)}` });
      overdue = true;
      show(note);
    })
    .catch(() => undefined); // cancelled: the day was met in time

  // Earlier days that are still open come first; they do not wait for this day's cut-off.
  await inTurn(async () => {
    if (day.byBatches) await takeBatches(startOfDayMs(date));
    else await read((await plan(startOfDayMs(date))).windows);
    await close();
  });
  if (Date.now() < cutOffMs) {
    show('等待日终');
    await sleep(cutOffMs - Date.now(), { summary: `等待日终 ${input.cutOff}` });
  }
  const atCutOff = await collectUntil(cutOffMs, (state) => state.met);
  if (!atCutOff.met) {
    throw ApplicationFailure.nonRetryable(
      `the increment of ${date} is not proven; the next day’s run goes on with it`,
      INCOMPLETE,
    );
  }
  deadline.cancel();
  if (atCutOff.verified) return finish(atCutOff);

  // What the evening still produces is due today as well.
  const lastReadMs = endMs - LAST_READ_MS - spread(stream);
  if (Date.now() < lastReadMs) {
    show('已归集，零点前再读一次');
    await sleep(lastReadMs - Date.now(), { summary: '等待零点前末次读取' });
    await inTurn(async () => (day.byBatches ? takeBatches(Date.now()) : read((await plan(Date.now())).windows)));
  }
  show('已归集，零点后核验当日余下数据');
  await sleep(Math.max(0, endMs - Date.now()) + spread(stream), { summary: '等待零点后核验' });
  const atEnd = await collectUntil(endMs, (state) => state.verified);
  show(atEnd.verified ? '已归集并核验' : '未能核验，由次日继续');
  return finish(atEnd);

  async function openDay(closeAt?: string): Promise<Day> {
    const summary = closeAt === undefined ? `开立时限任务 ${date}` : `提前日终 ${shortTime(closeAt)}`;
    const opened = await ledger.openDay.executeWithOptions({ summary }, [
      { stream, date, closeAt, orNext: input.date === undefined && closeAt === undefined },
    ]);
    if (opened) return opened;
    throw ApplicationFailure.nonRetryable(
      `${stream} owes no increment for ${date}: the hub did not know it then`,
      NOT_THAT_DAY,
      NOTHING_OWED,
    );
  }

  function plan(toMs: number): Promise<WindowPlan> {
    return source.planWindows.executeWithOptions({ summary: '计算未覆盖区间' }, [
      { stream, to: shanghaiInstant(toMs) },
    ]);
  }

  function close(): Promise<DayState> {
    return ledger.closeDay.executeWithOptions({ summary: '核定时限任务' }, [{ stream, date }]);
  }

  function show(text: string): void {
    note = text;
    const due = overdue ? '**已逾期**，继续归集' : `限 ${shortTime(shanghaiInstant(dueMs))} 前`;
    setCurrentDetails(`${date} 增量 · ${due}\n\n${note}`);
  }

  /** The run itself and an update may both want to collect; what the first one read the second one finds covered. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function read(windows: TimeWindow[]): Promise<void> {
    for (const window of windows) {
      show(`读取 ${describeWindow(window)}`);
      await syncInTurn({ ...label, purpose: 'daily', window });
    }
  }

  /** Reads what is not covered up to an instant, compares, and asks the ledger. */
  async function collect(toMs: number): Promise<DayState> {
    return (await opening).byBatches ? collectBatches(toMs) : collectWindows(toMs);
  }

  /** Takes the source's batches until it has none for the time before an instant, and asks the ledger. */
  async function collectBatches(toMs: number): Promise<DayState> {
    const { waitMs } = await plan(toMs);
    if (waitMs > 0) await sleep(waitMs, { summary: '等待源端数据可见' });
    await takeBatches(toMs);
    return closeAndShow();
  }

  async function takeBatches(toMs: number): Promise<void> {
    show('取批次');
    await unlessIncomplete(returnInTurn({ ...label, upTo: shanghaiInstant(toMs) }));
  }

  async function collectWindows(toMs: number): Promise<DayState> {
    // After days of silence all of them are read, not just the one that this run is for.
    const upTo = toMs + Math.max(0, Math.floor((Date.now() - toMs) / DAY_MS)) * DAY_MS;
    for (let reads = 0; ;) {
      const { windows, waitMs } = await plan(upTo);
      await read(windows);
      if (waitMs > 0) await sleep(waitMs, { summary: '等待源端数据可见' });
      // What came out different is read again; what stays so is left to the comparison.
      else if (windows.length === 0 || ++reads === READS) break;
    }
    const { compareFrom } = await opening;
    const window = timeWindow(Date.parse(compareFrom), toMs);
    show(`对账 ${describeWindow(window)}`);
    await unlessIncomplete(reconcileInTurn({ ...label, window }));
    return closeAndShow();
  }

  async function closeAndShow(): Promise<DayState> {
    const state = await close();
    show(state.met ? '已归集' : '尚未核对一致');
    return state;
  }

  /** Collects again and again, until the ledger says what is wanted or the next day's run takes over. */
  async function collectUntil(toMs: number, wanted: (state: DayState) => boolean): Promise<DayState> {
    for (let round = 0; ; round++) {
      const state = await inTurn(() => collect(toMs));
      if (wanted(state) || Date.now() >= cutOffMs + DAY_MS) return state;
      const minutes = RETRY_MINUTES[Math.min(round, RETRY_MINUTES.length - 1)] ?? 30;
      show(`尚未核对一致，${minutes} 分钟后再核`);
      await sleep(minutes * MINUTE_MS, { summary: '等待后再次核对' });
    }
  }

  async function finish(state: DayState): Promise<DailyAggregationResult> {
    await condition(allHandlersFinished);
    return { date, ...state };
  }
}

/** `11-22 21:00` of an instant. */
const shortTime = (instant: string): string => instant.slice(5, 16).replace('T', ' ');

/** The day that a scheduled run is for: the one whose cut-off it was scheduled at, or the latest that had passed. */
function scheduledDate(cutOff: string): string {
  const { typedSearchAttributes, startTime } = workflowInfo();
  const scheduled = typedSearchAttributes.get(SCHEDULED_AT) ?? startTime;
  const sinceMidnightMs = timeOfDayMs('2000-01-01', cutOff) - timeOfDayMs('2000-01-01', '00:00');
  return shanghaiDate(scheduled.getTime() - sinceMidnightMs);
}

/** The same stream always waits the same while, somewhere between 0 and ten minutes. */
function spread(stream: string): number {
  let hash = 0;
  for (let index = 0; index < stream.length; index++) hash = (hash * 31 + stream.charCodeAt(index)) % 65_521;
  return (hash / 65_521) * SPREAD_MS;
}
