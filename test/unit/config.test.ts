import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { staleSchemas } from '../../settings/schemas/generate.ts';
import { selectStreams } from '../../cli/kit/select.ts';
import type { FileVersions } from '../../settings/files.ts';
import { loadConfig, loadValid, type HubConfig } from '../../settings/load.ts';
import { resolveReference } from '../../settings/environment.ts';
import { HubError } from '../../domain/errors.ts';
import { assertOneLanguage } from '../support/languages.ts';

const CONFIG = join(import.meta.dirname, '../../config');

/** Loads a copy of the configuration with one file changed; returns the faults, a line each. */
function faultsOf(change: (folder: string) => void, jurisdiction?: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'hub-config-'));
  try {
    cpSync(CONFIG, folder, { recursive: true });
    change(folder);
    loadConfig({ folder, demo: true, jurisdiction });
    return [];
  } catch (error) {
    assert.ok(error instanceof HubError && error.kind === 'configuration');
    assertOneLanguage(error);
    return error.message.split('\n').map((line) => line.slice(line.indexOf('hub-config-')).replace(/^[^/]*\//, ''));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const edit = (file: string, from: string, to: string) => (folder: string) => {
  const text = readFileSync(join(folder, file), 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(join(folder, file), text.replace(from, to));
};

describe('the configuration', () => {
  for (const jurisdiction of ['wuxi', 'xuchang', 'keqiao', 'ordos', 'shanghai']) {
    it(`loads with the profile ${jurisdiction}`, () => {
      const config = loadConfig({ folder: CONFIG, demo: true, jurisdiction });
      assert.equal(config.jurisdiction.id, jurisdiction);
      assert.equal(config.connectors.length, 9);
    });
  }

  it('its JSON Schemas and the pages made of definitions are what the code says (npm run schemas)', () =>
    assert.deepEqual(staleSchemas(), []));

  it('an unknown key is refused where it stands, with the nearest known one', () => {
    assert.deepEqual(faultsOf(edit('hub.yaml', '\nserver:', '\nsever:')), [
      'hub.yaml:10:sever: found the unknown key “sever”, expected one of jurisdiction, managementUnit, managementName, server, temporal, embedded, returnEvery, disputes, outgoing, sharing, holders, reminders, files, log; did you mean “server”?',
    ]);
    const [fault = ''] = faultsOf(edit('connectors/demo/housing.yaml', 'count:', 'coutn:'));
    assert.match(
      fault,
      /^connectors\/demo\/housing\.yaml:16:streams\[0\]\.coutn: found the unknown key “coutn”.*did you mean “count”\?$/,
    );
  });

  it('a calendar has days of its year, made-up working days on weekends, and one table a year', () => {
    const calendar = (from: string, to: string): string[] => faultsOf(edit('calendars/2026.yaml', from, to));
    assert.match(
      calendar('2026-01-04', '2026-01-05')[0] ?? '',
      /^calendars\/2026\.yaml:\d+:work\[0\]: found “2026-01-05”, expected a Saturday or Sunday/,
    );
    assert.match(
      calendar('2026-01-01', '2025-01-01')[0] ?? '',
      /off\[0\]: found “2025-01-01”, expected a date of 2026, or of December 2025/,
    );
    assert.deepEqual(calendar('2026-01-01', '2025-12-31'), [], 'a notice may set days of the December before');
    assert.match(
      calendar('2026-01-01', '2026-02-30')[0] ?? '',
      /off\[0\]: found “2026-02-30”, expected a day that there is/,
    );
    const [again = ''] = faultsOf((folder) =>
      cpSync(join(folder, 'calendars/2026.yaml'), join(folder, 'calendars/2026-b.yaml')),
    );
    assert.match(again, /:year: found 2026 again, expected one table for each year/);
  });

  it('reminders of an expiry are for a profile with such a rule, and go to a target that there is', () => {
    const wuxi = (from: string, to: string): string =>
      faultsOf(edit('jurisdictions/wuxi.yaml', from, to))
        .join(' ')
        .replace(/:\d+:/, ': ');
    assert.match(
      wuxi('expiry:\n  leadDays: 30\n', ''),
      /expiry: found nothing, expected .*\{leadDays: 30\}, for WX-15/,
    );
    assert.match(
      wuxi('duties: [expiry]', 'duties: [delivery]'),
      /expiry: .*expected nothing: no rule has the duty expiry/,
    );
    assert.match(
      wuxi('leadDays: 30\n', 'leadDays: 30\n  target: portl\n'),
      /^jurisdictions\/wuxi\.yaml: expiry\.target: found “portl”, expected (?:one of|an outbound target)/,
    );
    assert.match(wuxi('leadDays: 30\n', 'leadDays: 30\n  types: { "1": 60 }\n'), /a 21-character 证照类型代码/);
  });

  it('sanctions bear the names and articles of the law where it has them, and nowhere else', () => {
    const faults = (city: string, from: string, to: string): string =>
      faultsOf(edit(`jurisdictions/${city}.yaml`, from, to), city).join(' ');
    const order = /supervision\.order\.name: .*责令 is for a regulation in force/;
    const [wuxi, keqiao] = ['order: { name: 督办 }', 'order: { name: 督促整改 }'];
    assert.match(faults('wuxi', wuxi, 'order: { name: 责令限期改正 }'), order);
    assert.match(faults('keqiao', keqiao, 'order: { name: 责令改正 }'), order);
    const notice = /supervision\.notice\.name: .*通报 is for a regulation that has it/;
    assert.match(faults('wuxi', 'notice: { name: 督办函 }', 'notice: { name: 书面通报 }'), notice);
    assert.match(faults('keqiao', keqiao, `${keqiao}\n  notice: { name: 通报 }`), notice);
    // With an article, but without an order that the law has.
    assert.match(
      faults('wuxi', 'notice: { name: 督办函 }', 'notice: { name: 通报, article: 第二十四条 }'),
      /supervision\.notice\.article: .*no rule with the duty rectification and the term by-order/,
    );
    assert.match(faults('xuchang', 'term: by-order\n', '\n'), /order\.name: .*notice\.article: /);
    const uncited = /a draft \(送审稿\) is not law/;
    for (const [path, text] of [
      ['notice', 'notice: { name: 通报, article: 第十七条 }'],
      ['exemption', 'exemption: { article: 第十七条 }'],
    ] as const)
      assert.match(
        faults('keqiao', keqiao, `${keqiao}\n  ${text}`),
        new RegExp(`${path}\\.article: .*${uncited.source}`),
      );
    assert.match(
      faults('keqiao', 'catalog:\n', 'synchronisation: { exception: { article: 第七条 } }\ncatalog:\n'),
      /synchronisation\.exception\.article: .*a draft/,
    );
  });

  it('files are kept in one place, with keys that are referred to', () => {
    const files = (text: string): string[] => faultsOf(edit('hub.yaml', '\nserver:', `\nfiles: ${text}\nserver:`));
    const s3 = '{ endpoint: "http://s3:9000", bucket: b, accessKey: { env: A }, secretKey: { env: B } }';
    assert.deepEqual(files(`{ s3: ${s3} }`), []);
    assert.match(files(`{ folder: /f, s3: ${s3} }`).join(), /^hub\.yaml:10:files: .*either folder or s3, not both/);
    assert.match(files(`{ s3: ${s3.replace('{ env: A }', 'AKIA')} }`).join(), /files\.s3\.accessKey: .*a reference/);
    assert.match(files(`{ s3: ${s3.replace('bucket: b', 'bucket: b, prefix: hub')} }`).join(), /files\.s3\.prefix: /);
  });

  it('a code that YAML takes for a number is told to be quoted', () => {
    assert.deepEqual(faultsOf(edit('connectors/demo/housing.yaml', 'ORG: "001"', 'ORG: 1')), [
      'connectors/demo/housing.yaml:22:streams[0].record.codeTypes.ORG: found 1 (a number), expected a string; write it in quotes, "1"',
    ]);
  });

  it('a status that does not exist is answered with the nearest one', () => {
    const [fault = ''] = faultsOf(edit('connectors/demo/health.yaml', '暂停: suspended', '暂停: suspend'));
    assert.match(
      fault,
      /health\.yaml:\d+:streams\[0\]\.status\.values\.暂停: found “suspend”, expected one of valid, .*; did you mean “suspended”\?$/,
    );
  });

  it('a secret that was written into a file is refused and not repeated', () => {
    const [fault = ''] = faultsOf(
      edit('connectors/demo/housing.yaml', '{ env: HUB_DEMO_HOUSING_SECRET }', '"hunter2"'),
    );
    assert.match(fault, /auth\.value: found a value written into the file, expected a reference to the secret/);
    assert.doesNotMatch(fault, /hunter2/);
  });

  it('every fault of every file is told at once', () => {
    const faults = faultsOf((folder) => {
      edit('hub.yaml', 'port: 7080', 'port: 700000')(folder);
      edit('connectors/demo/transport.yaml', 'lag: 2s', 'lag: 2')(folder);
      edit('connectors/demo/health.yaml', 'total: totalDataCount', 'totl: x')(folder);
    });
    assert.ok(faults.some((fault) => fault.startsWith('hub.yaml:')));
    assert.ok(faults.some((fault) => /transport\.yaml:.*lag: found 2 \(a number\)/.test(fault)));
    assert.ok(faults.some((fault) => /health\.yaml:.*totl.*did you mean “total”/.test(fault)));
  });

  it('paging without a stop rule is refused', () => {
    const [fault = ''] = faultsOf(edit('connectors/demo/transport.yaml', 'more: data.hasNext, ', ''));
    assert.match(fault, /response: found a map, expected exactly one of total, more and untilEmpty/);
  });

  it('an unknown placeholder is refused', () => {
    const [fault = ''] = faultsOf(edit('connectors/demo/housing.yaml', 'pageNo={page}', 'pageNo={pag}'));
    assert.match(fault, /streams\[0\]\.path: .*only the placeholders \{from\} \{to\} \{page\}/);
    const inBody = (to: string): string[] =>
      faultsOf(edit('connectors/demo/transport.yaml', 'from: "{from}", to: "{to}", page', `${to}, page`));
    assert.match(
      inBody('from: "{form}", to: "{to}"').join(),
      /^connectors\/demo\/transport\.yaml:17:streams\[0\]\.body\.from: found “\{form\}”, expected only the placeholders/,
    );
    for (const odd of ['{ from }', '{From}', '{from-1}', '{起始}', '{$from.iso}'])
      assert.match(inBody(`from: "${odd}", to: "{to}"`).join(), /streams\[0\]\.body\.from/, odd);
    const [blank = ''] = faultsOf(edit('connectors/demo/housing.yaml', 'pageNo={page}', 'pageNo={ page }'));
    assert.match(blank, /streams\[0\]\.path: .*only the placeholders/);
    assert.match(inBody('query: { times: ["{from}", "bis {too}"] }').join(), /body\.query\.times/);
    assert.deepEqual(inBody('from: "{from}", to: "{to}", filter: "{}", sort: "{ \'id\': 1 }"'), []);
  });

  it('a connector takes over a template and its own defaults, and overrules both', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hub-config-'));
    cpSync(CONFIG, folder, { recursive: true });
    mkdirSync(join(folder, 'connectors/templates'));
    writeFileSync(
      join(folder, 'connectors/templates/permit-system.yaml'),
      `kind: database
defaults:
  lag: 5m
  record: { key: id, updatedAt: gxsj, fields: { number: bh, holderName: xm } }
  status: { field: zt, values: { "1": valid } }
`,
    );
    const own = `name: 市园林局
unit: 11320200014006438B
template: permit-system
address: sqlite:/data/parks.db
streams:
  - { id: trees, table: trees }
  - { id: parks, table: parks, lag: 1m, record: { fields: { number: no } } }
`;
    writeFileSync(join(folder, 'connectors/parks.yaml'), own);
    const [connector] = loadConfig({ folder, demo: false }).connectors;
    const [trees, parks] = connector?.streams ?? [];
    assert.deepEqual([trees?.lag, trees?.record.fields], [300_000, { number: 'bh', holderName: 'xm' }]);
    assert.deepEqual([parks?.lag, parks?.record.fields], [60_000, { number: 'no', holderName: 'xm' }]);

    writeFileSync(
      join(folder, 'connectors/parks.yaml'),
      own.replace('permit-system', 'permit-sistem').replace('name:', 'nam:'),
    );
    assert.throws(
      () => loadConfig({ folder, demo: false }),
      (error: Error) =>
        error.message.includes(
          'template: found “permit-sistem”, expected one of permit-system; did you mean “permit-system”?',
        ),
    );
    rmSync(folder, { recursive: true });
  });

  it('a published catalog is read whole, by fields that an entry has', () => {
    const province = (from: string, to: string): string =>
      faultsOf(edit('connectors/demo/province.yaml', from, to)).join('\n');
    assert.match(
      province('/catalog/types?page={page}', '/catalog/types?since={from}&page={page}'),
      /province\.yaml:\d+:catalog\.path: .*expected only \{page\} .*: the list is read whole, not by windows/,
    );
    assert.match(
      province('types\n    total: data.total', 'types'),
      /province\.yaml:\d+:catalog\.response: .*expected exactly one of total, more and untilEmpty/,
    );
    assert.match(
      province('ZZLXDM', 'ZZLXDM\n    issuing: FZJG'),
      /catalog\.fields\.issuing: .*did you mean “issuer”\?/,
    );
    assert.match(
      province('response:\n    records: data.types', 'table: types\n  response:\n    records: data.types'),
      /catalog\.table: found the unknown key/,
    );
    // An address that names no page is answered whole.
    const whole = (folder: string): void => {
      edit(
        'connectors/demo/province.yaml',
        '?page={page}&size={size}\n  response:\n    records: data.types\n    total: data.total',
        '\n  response:\n    records: data.types',
      )(folder);
    };
    assert.deepEqual(faultsOf(whole), []);
  });

  it('listed disputes are read whole, by fields that a ticket has; a connector may have them alone', () => {
    const hotline = (from: string, to: string): string =>
      faultsOf(edit('connectors/demo/hotline.yaml', from, to)).join('\n');
    assert.match(hotline('page={page}', 'since={from}&page={page}'), /hotline\.yaml:\d+:disputes\.path: .*read whole/);
    assert.match(hotline('sqr', 'sqr\n    contract: htbh'), /disputes\.fields\.contract: .*did you mean “contact”\?/);
    assert.match(hotline('    number: zjbh\n', ''), /disputes\.fields\.number: found nothing/);
    const police = (from: string, to: string): string =>
      faultsOf(edit('connectors/demo/police.yaml', from, to)).join('\n');
    assert.match(police('streams:', 'disputes: 12345\nstreams:'), /disputes: found 12345 .*, expected one of true/);
    assert.match(police('streams:', 'disputes: true\nstrems:'), /found the unknown key “strems”/);
  });

  it('two streams of one id are refused', () => {
    const [fault = ''] = faultsOf(edit('connectors/demo/health.yaml', 'id: health-doctors', 'id: housing-permits'));
    assert.match(fault, /streams\[0\]\.id: found “housing-permits” again/);
  });

  it('an unknown profile is answered with the nearest one', () => {
    assert.match(
      faultsOf(edit('hub.yaml', 'jurisdiction: wuxi', 'jurisdiction: wuxy'))[0] ?? '',
      /found “wuxy”, expected one of .*did you mean “wuxi”\?/,
    );
  });

  it('YAML that cannot be read and files that are missing name their place', () => {
    assert.match(
      faultsOf(edit('hub.yaml', 'jurisdiction: wuxi', 'jurisdiction: [wuxi'))[0] ?? '',
      /^hub\.yaml:\d+:: .*mend the YAML$/,
    );
    assert.match(
      faultsOf((folder) => rmSync(join(folder, 'hub.yaml')))[0] ?? '',
      /^hub\.yaml:1:: ENOENT.*choose another folder with --config/,
    );
  });
});

describe('a faulty file of the configuration', () => {
  let folder: string;
  let known: FileVersions;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hub-config-'));
    cpSync(CONFIG, folder, { recursive: true });
    // As the database keeps them.
    const { versions } = loadConfig({ folder, demo: true });
    known = new Map(Object.entries(JSON.parse(JSON.stringify(Object.fromEntries(versions))) as object));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const load = (versions = known): HubConfig => loadValid({ folder, demo: true }, versions);
  const told = ({ faulty }: HubConfig): string[] => faulty.map(({ file, unit, goesOn }) => [file, unit, goesOn].join());
  const path = (file: string): string => join(folder, file);
  const titleOf = (config: HubConfig, stream: string): string | undefined =>
    config.connectors.flatMap(({ streams }) => streams).find(({ id }) => id === stream)?.name;

  it('costs its connector alone, which goes on by its last valid version', () => {
    writeFileSync(path('connectors/demo/housing.yaml'), 'name: [');
    edit('connectors/demo/health.yaml', 'name: 医师执业证书', 'name: 改名')(folder);
    const config = load();
    assert.deepEqual(told(config), ['connectors/demo/housing.yaml,市住房和城乡建设局,last version']);
    assert.match(config.faulty[0]?.faults[0]?.en ?? '', /housing\.yaml:1:: .*mend the YAML/);
    assert.deepEqual(
      [titleOf(config, 'housing-permits'), titleOf(config, 'health-doctors')],
      ['建筑工程施工许可证', '改名'],
    );
    // And so at the next look, at which it is no news.
    assert.deepEqual(
      load(config.versions).versions.get('connectors/demo/housing.yaml'),
      known.get('connectors/demo/housing.yaml'),
    );
  });

  it('a connector that never was valid is left out, the others are checked and run', () => {
    writeFileSync(path('connectors/demo/parks.yaml'), 'kind: htp\n');
    const config = load();
    assert.deepEqual(told(config), ['connectors/demo/parks.yaml,,left out']);
    assert.equal(config.connectors.length, 9);
    assert.equal(selectStreams(config, 'housing')[0]?.stream.id, 'housing-permits');
    for (const name of ['parks', 'park-permits'])
      assert.throws(() => selectStreams(config, name), /parks\.yaml:1:kind: found “htp”/);
  });

  it('a template that cannot be read costs nobody who was filled in by it before', () => {
    mkdirSync(path('connectors/templates'));
    const template = path('connectors/templates/permit-system.yaml');
    writeFileSync(
      template,
      'kind: database\ndefaults: { record: { key: id, updatedAt: gxsj }, status: { field: zt, values: { "1": valid } } }\n',
    );
    writeFileSync(
      path('connectors/demo/parks.yaml'),
      'name: 市园林局\nunit: 11320200014006438B\ntemplate: permit-system\naddress: sqlite:/p.db\nstreams: [{ id: trees, table: trees }]\n',
    );
    const whole = load();
    assert.deepEqual(told(whole), []);
    writeFileSync(template, 'kind: [');
    const config = load(whole.versions);
    assert.deepEqual(told(config), ['connectors/demo/parks.yaml,市园林局,last version']);
    assert.match(config.faulty[0]?.faults[0]?.en ?? '', /templates\/permit-system\.yaml:1:: /);
    assert.equal(selectStreams(config, 'trees').length, 1);
  });

  it('a stream that two files name stays with the one that had it, whatever they are called', () => {
    cpSync(path('connectors/demo/housing.yaml'), path('connectors/demo/a-copy.yaml'));
    const config = load();
    assert.deepEqual(told(config), ['connectors/demo/a-copy.yaml,,left out']);
    assert.equal(selectStreams(config, 'housing-permits')[0]?.connector.id, 'housing');
  });

  it('hub.yaml, the profile and calendars go on as they were, also where hub.yaml names a profile that is none', () => {
    writeFileSync(path('jurisdictions/xuchang.yaml'), 'rules: [');
    edit('hub.yaml', 'jurisdiction: wuxi', 'jurisdiction: xuchang')(folder);
    writeFileSync(path('calendars/2026.yaml'), 'year: 26');
    const config = load();
    assert.equal(config.jurisdiction.id, 'wuxi');
    assert.ok(config.publishedTables.some(({ year }) => year === 2026));
    assert.deepEqual(told(config).sort(), [
      'calendars/2026.yaml,,last version',
      'hub.yaml,,last version',
      'jurisdictions/xuchang.yaml,,left out',
    ]);
    assert.equal(config.versions.has('jurisdictions/xuchang.yaml'), false, 'it is no version to go on by');
    assert.throws(() => load(new Map()), /2026\.yaml/, 'nothing is counted by a calendar that nobody knows');
  });

  it('a folder that is away has removed nothing', () => {
    rmSync(folder, { recursive: true });
    const config = load();
    assert.deepEqual([config.connectors.length, config.jurisdiction.id], [9, 'wuxi']);
    assert.ok(config.faulty.length > 10 && config.faulty.every(({ goesOn }) => goesOn === 'last version'));
  });
});

describe('references to secrets', () => {
  before(() => (process.env.HUB_TEST_SECRET = 's3cret'));
  after(() => delete process.env.HUB_TEST_SECRET);
  it('are resolved from the environment and from files', () => {
    assert.equal(resolveReference({ env: 'HUB_TEST_SECRET' }, 'x'), 's3cret');
    const file = join(mkdtempSync(join(tmpdir(), 'hub-secret-')), 'key');
    writeFileSync(file, 'from a file\n');
    assert.equal(resolveReference({ file }, 'x'), 'from a file');
  });
  it('that lead nowhere are configuration errors that name the reference', () => {
    assert.throws(
      () => resolveReference({ env: 'HUB_NOT_SET' }, 'housing: auth'),
      /housing: auth: the environment variable HUB_NOT_SET is not set/,
    );
    assert.throws(() => resolveReference({ file: '/nowhere/key' }, 'housing: auth'), /housing: auth: ENOENT/);
  });
});
