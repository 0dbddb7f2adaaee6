import { contentHash } from '../../domain/library/certificate.ts';
import type { Problem } from '../../domain/library/validation.ts';

const FIRST_CAPACITY = 1 << 20;

/**
 * The rows of one page as the bytes of one JSON array, the form in which PostgreSQL takes them. Each certificate is
 * serialised once, encoded once, and hashed where its bytes lie; at millions of records nothing else costs as much.
 */
export class RowBuffer {
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
  #end = 1;
  count = 0;

  /**
   * @param json the certificate as JSON text; its properties become columns of the row beside `key`, `updatedAt`,
   *   `hash` and `flags`
   * @param completedAt when the case that it came of was completed, for streams whose records say so
   */
  append(json: string, key: string, updatedAt: string, flags: readonly Problem[], completedAt?: string): void {
    const keyJson = JSON.stringify(key);
    const flagsJson = flags.length === 0 ? 'null' : JSON.stringify(flags);
    // UTF-8 takes at most three bytes for each of JavaScript's characters.
    this.#reserve(3 * (json.length + keyJson.length + flagsJson.length) + 256);
    if (this.count > 0) this.#end = this.#bytes.writeUInt8(COMMA, this.#end);
    const start = this.#end;
    this.#end += this.#bytes.write(json, start);
    const hash = contentHash(this.#bytes.subarray(start, this.#end));
    // Written over the object's closing brace.
    const completed = completedAt === undefined ? '' : `,"completedAt":"${completedAt}"`;
    const rest = `,"key":${keyJson},"updatedAt":"${updatedAt}","hash":"${hash}","flags":${flagsJson}${completed}}`;
    this.#end += this.#bytes.write(rest, this.#end - 1) - 1;
    this.count += 1;
  }

  /** The JSON array; nothing can be appended afterwards. */
  toJson(): Buffer {
    this.#bytes.writeUInt8(OPEN, 0);
    this.#reserve(1);
    this.#end = this.#bytes.writeUInt8(CLOSE, this.#end);
    return this.#bytes.subarray(0, this.#end);
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#end + size));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

const [OPEN, COMMA, CLOSE] = [0x5b, 0x2c, 0x5d] as const;
