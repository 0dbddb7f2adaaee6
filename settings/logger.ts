import { createLogger, format, transports, type Logger } from 'winston';
import type { HubSettings } from './schemas/hub.ts';

export type { Logger } from 'winston';

const lost = (): void => undefined;

/** From here on a line that cannot be written, as on a full disk, is lost, and does not end the process. */
export function outliveUnwritable(): void {
  for (const stream of [process.stdout, process.stderr])
    if (!stream.listeners('error').includes(lost)) stream.on('error', lost);
}

/**
 * The one logger of a process. Messages and fields hold ids, counts and codes, never a record's content.
 */
export function createHubLogger(settings: HubSettings['log'], service: string): Logger {
  outliveUnwritable();
  const errors = format((info) => {
    if (info.error instanceof Error) info.error = info.error.message;
    return info;
  });
  const pretty = format.printf(({ timestamp, level, message, ...fields }) => {
    const rest = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    return `${String(timestamp)} ${level.padEnd(5)} ${String(message)} ${rest.join(' ')}`.trimEnd();
  });
  return createLogger({
    level: settings.level,
    defaultMeta: { service },
    format: format.combine(errors(), format.timestamp(), settings.format === 'json' ? format.json() : pretty),
    transports: [new transports.Console()],
  });
}
