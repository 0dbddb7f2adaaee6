import { RowBuffer } from '../connectors/mapping/row-buffer.ts';
import type { Certificate, Holder } from '../domain/library/certificate.ts';
import { DAY_MS, shanghaiDate, shanghaiInstant } from '../domain/dates.ts';
import {
  buildCertificateIdentifier,
  completeCreditCode,
  completeIdNumber,
  completeOrganizationCode,
} from '../domain/library/identifiers.ts';
import { fromMs, toMs, type TimeWindow } from '../domain/collection/window.ts';
import { seeded } from '../test/departments/random.ts';

/** Records of a page. */
export const PAGE = 1_000;
/** Of so many records one is a newer version of an earlier one. */
const CHANGED_ONE_IN = 20;
const YEARS_MS = 2 * 365 * DAY_MS;

const padded = (value: number, length: number): string => String(value).padStart(length, '0');

/**
 * The records of one stream over two years, in the order of their update times. Each is computed from its place alone,
 * so that nothing has to be remembered of millions of them.
 */
export class MadeUpStream {
  readonly name: string;
  readonly records: number;
  readonly #place: number;
  readonly #startMs: number;
  readonly #people: number;
  /** How far back the record lies that a newer version belongs to: never on a page that is merged at the same time. */
  readonly #lag: number;
  readonly #typeCode: string;
  readonly #issuerCode: string;

  /**
   * @param endMs when the last record came about
   * @param people how many holders the city has; all streams share them
   */
  constructor(place: number, pages: number, endMs: number, people: number) {
    this.#place = place;
    this.#people = people;
    this.#startMs = endMs - YEARS_MS;
    this.name = `made-up-${padded(place, 2)}`;
    this.records = pages * PAGE;
    this.#lag = Math.max(4 * PAGE, Math.floor(this.records / 10 / CHANGED_ONE_IN) * CHANGED_ONE_IN) + 1;
    this.#typeCode = `111000000000131${padded(place, 3)}001`;
    this.#issuerCode = completeCreditCode(`11320200${completeOrganizationCode(padded(1_400_000 + place, 8))}`);
  }

  /**
   * Random keys, as of sources that number by UUID, are the hard case: each insert goes to another leaf of the primary
   * key. Three of four streams have them, the biggest too; the others count upwards.
   */
  get randomKeys(): boolean {
    return this.#place % 4 !== 3;
  }

  /** The records from one place up to another, as a page for the merge. */
  page(from: number, to: number): Buffer {
    return this.#rows(from, to, () => true);
  }

  /** Pages of the records that were changed in a window last, as the source lists them for a proof. */
  *listed({ from, to }: { from: number; to: number }): Generator<Buffer> {
    for (let start = from; start < to; start += PAGE)
      yield this.#rows(start, Math.min(start + PAGE, to), (at) => !this.#isChangedLater(at));
  }

  /** The places of the records in a window. */
  placesIn(window: TimeWindow): { from: number; to: number } {
    const place = (ms: number): number =>
      Math.min(this.records, Math.max(0, Math.ceil(((ms - this.#startMs) * this.records) / YEARS_MS)));
    return { from: place(fromMs(window)), to: place(toMs(window)) };
  }

  /** The certificate that came at one place. */
  certificate(place: number): Certificate {
    const changed = this.#isChange(place);
    const record = changed ? place - this.#lag : place;
    const random = seeded(this.#place, record);
    const holders = [this.#holder(random())];
    if (random() < 0.1) holders.push(this.#holder(random()));
    const issuedOn = shanghaiDate(this.#timeOf(record) - DAY_MS);
    return {
      identifier: buildCertificateIdentifier(this.#typeCode, this.#issuerCode, padded(record, 9), '001'),
      typeCode: this.#typeCode,
      name: '不动产权证书',
      number: `苏${issuedOn.slice(0, 4)}第${padded(this.#place, 2)}${padded(record, 8)}号`,
      issuerName: `无锡市第${padded(this.#place, 2)}发证单位`,
      issuerCode: this.#issuerCode,
      issuedOn,
      effectiveOn: issuedOn,
      expiresOn: null,
      longTerm: true,
      holders,
      status: changed ? 'cancelled' : 'valid',
      rawStatus: changed ? '注销' : '有效',
      extension: {
        address: `无锡市梁溪区人民路${Math.floor(random() * 2_000)}号${Math.floor(random() * 30)}室`,
        area: (30 + random() * 200).toFixed(2),
        usage: '住宅',
        register_no: padded(Math.floor(random() * 1e9), 12),
      },
    };
  }

  #rows(from: number, to: number, wanted: (place: number) => boolean): Buffer {
    const rows = new RowBuffer();
    for (let place = from; place < to; place++)
      if (wanted(place))
        rows.append(
          JSON.stringify(this.certificate(place)),
          this.#key(place),
          shanghaiInstant(this.#timeOf(place)),
          [],
        );
    return rows.toJson();
  }

  #key(place: number): string {
    const record = this.#isChange(place) ? place - this.#lag : place;
    if (!this.randomKeys) return `2026${padded(record, 12)}`;
    const random = seeded('key', this.#place, record);
    return Array.from({ length: 4 }, () =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  }

  #timeOf = (place: number): number => this.#startMs + Math.floor((place * YEARS_MS) / this.records);

  #isChange = (place: number): boolean => place % CHANGED_ONE_IN === 0 && place >= this.#lag;

  #isChangedLater = (place: number): boolean => this.#isChange(place + this.#lag) && place + this.#lag < this.records;

  #holder(chance: number): Holder {
    const person = Math.floor(chance * this.#people);
    if (person % 3 === 0) {
      const code = completeCreditCode(`91320211${completeOrganizationCode(padded(person, 8))}`);
      return { name: `无锡${person}号有限公司`, code, codeType: '001' };
    }
    const born = `${1950 + (person % 56)}${padded(1 + (person % 12), 2)}${padded(1 + (person % 28), 2)}`;
    // Area, birth and number: so many that one code is one person.
    const code = completeIdNumber(
      `${padded(320_000 + (Math.floor(person / 1_000) % 9_999), 6)}${born}${padded(person % 1_000, 3)}`,
    );
    return { name: `持证人${person}`, code, codeType: '111' };
  }
}

/**
 * About so many records in 40 streams: the first has 40 % of them, the others share the rest by Zipf’s law, as the
 * departments of a city do.
 */
export function makeUpStreams(records: number, endMs: number): MadeUpStream[] {
  const others = Array.from({ length: 39 }, (_, index) => 1 / (index + 1));
  const sum = others.reduce((before, share) => before + share, 0);
  return [0.4, ...others.map((share) => (0.6 * share) / sum)].map(
    (share, place) => new MadeUpStream(place, Math.max(1, Math.round((share * records) / PAGE)), endMs, records / 3),
  );
}
