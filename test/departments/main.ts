import { parseArgs } from 'node:util';
import { createDepartment, DEPARTMENTS, type DepartmentId } from './departments.ts';
import { DAY_MS } from '../../domain/dates.ts';

/**
 * One simulated department as a process of its own:
 * `main.ts housing --port 7201 --seed 1 --records 4000 --start … --anchor … --now …` (instants in milliseconds).
 * Tells its address to the process that started it, or on standard output, and ends with the process that started it.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    records: { type: 'string', default: '1000' },
    start: { type: 'string' },
    anchor: { type: 'string' },
    now: { type: 'string' },
    others: { type: 'string' },
    changed: { type: 'string', default: '0' },
    folder: { type: 'string', default: '.' },
  },
});
const id = positionals[0] as DepartmentId | undefined;
if (!id || !DEPARTMENTS.includes(id)) throw new Error(`which department? one of ${DEPARTMENTS.join(', ')}`);
const anchorMs = Number(values.anchor ?? Date.now());
const department = createDepartment(id, {
  seed: Number(values.seed),
  records: Number(values.records),
  startMs: Number(values.start ?? anchorMs - 14 * DAY_MS),
  anchorMs,
  nowMs: Number(values.now ?? anchorMs),
  changed: Number(values.changed),
  ...(values.others !== undefined && { othersRecords: Number(values.others) }),
  folder: values.folder,
});
const port = await department.server.listen(Number(values.port));
const url = `http://127.0.0.1:${port}`;
const address = { department: id, url, address: department.address ?? url };
if (process.send) process.send(address);
else console.log(JSON.stringify(address));

const end = (): void => void department.server.close().then(() => process.exit(0));
process.once('SIGTERM', end);
process.once('SIGINT', end);
process.once('disconnect', end);
