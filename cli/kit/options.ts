import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { readEnvironment } from '../../settings/environment.ts';
import { ROOT } from '../../settings/root.ts';
import { loadValid, type ConfigChoice, type HubConfig } from '../../settings/load.ts';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';

/** Reads an option that is a whole number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number above 0.');
  return value;
}

/** Reads an argument that is the number of something. */
export function idNumber(
  text: string,
  unknown:
    | 'case-number'
    | 'contact-unknown'
    | 'declaration-unknown'
    | 'evidence-unknown'
    | 'reminder-unknown'
    | 'task-unknown',
): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw fault(unknown, { id: text, why: 'number' });
}

/** The content of a file that is named on the command line. */
export function readGiven(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw fault('file-unreadable', { file, why: messageOf(error) });
  }
}

/** Options that most commands have. */
export interface CommonOptions {
  config: string;
  data?: string;
  jurisdiction?: string;
  demo?: boolean;
}

export function withConfig(command: Command): Command {
  return command
    .option('--config <folder>', 'folder with hub.yaml, jurisdictions/ and connectors/', join(ROOT, 'config'))
    .option('--jurisdiction <id>', 'profile to use instead of the one in hub.yaml, for example ordos')
    .addOption(new Option('--demo', 'use the connectors of the simulated departments').hideHelp());
}

export function withData(command: Command): Command {
  return command.option('--data <folder>', 'folder of the embedded servers’ data (default: .hub/)');
}

export const dataFolder = (options: CommonOptions, demo: boolean): string =>
  options.data ?? join(ROOT, '.hub', demo ? 'demo' : 'data');

export function configChoice(options: CommonOptions): ConfigChoice {
  return { folder: options.config, demo: options.demo ?? false, jurisdiction: options.jurisdiction };
}

/** The configuration; a connector whose file is faulty is left out. */
export const readConfig = (options: CommonOptions): HubConfig => loadValid(configChoice(options), new Map());

/** The addresses that a part of a hub is given; throws when one is missing. */
export function requireAddresses(): { databaseUrl: string; temporalAddress: string } {
  return {
    databaseUrl: requireDatabase(),
    temporalAddress: requireSet(readEnvironment().temporalAddress, 'TEMPORAL_ADDRESS'),
  };
}

export const requireDatabase = (): string => requireSet(readEnvironment().databaseUrl, 'DATABASE_URL');

function requireSet(value: string | undefined, name: string): string {
  if (value !== undefined) return value;
  throw fault('address-missing', { variable: name });
}
