import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A message as it arrived. */
export interface ReceivedMail {
  to: string[];
  headers: Record<string, string>;
  text: string;
}

/** A mail server that keeps what it gets, and refuses with `refuse` what it does not want. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  /** Answer to every recipient, where it is not to be taken: 4xx or 5xx. */
  refuse: number | null = null;
  /** Passwords that were sent. */
  readonly passwords: string[] = [];
  readonly #server: SMTPServer;
  port = 0;

  private constructor(options: SMTPServerOptions) {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      ...options,
      onAuth: ({ username, password }, _session, done) => {
        this.passwords.push(password ?? '');
        done(null, { user: username ?? '' });
      },
      onRcptTo: ({ address }, _session, done) => {
        if (this.refuse === null) return done();
        // As real servers do, with the address.
        done(Object.assign(new Error(`no mail for <${address}>`), { responseCode: this.refuse }));
      },
      onData: (stream, { envelope }, done) => {
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', () => {
          this.mails.push({
            to: envelope.rcptTo.map(({ address }) => address),
            ...parse(Buffer.concat(parts).toString()),
          });
          done();
        });
      },
    });
  }

  static async start(options: SMTPServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options);
    await new Promise<void>((done) => server.#server.listen(0, '127.0.0.1', done));
    const address = server.#server.server.address();
    if (typeof address !== 'object' || !address) throw new Error('no port');
    server.port = address.port;
    return server;
  }

  stop(): Promise<void> {
    return new Promise((done) => this.#server.close(done));
  }
}

/** A message of one part of text. */
function parse(source: string): Omit<ReceivedMail, 'to'> {
  const [head = '', ...rest] = source.split('\r\n\r\n');
  const lines = head.replace(/\r\n\s+/g, ' ').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), decoded(line.slice(colon + 1).trim())];
    }),
  );
  const body = rest.join('\r\n\r\n');
  return {
    headers,
    text: headers['content-transfer-encoding'] === 'base64' ? Buffer.from(body, 'base64').toString() : body,
  };
}

/** Encoded words of a header (RFC 2047). */
const decoded = (value: string): string =>
  value.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, how: string, text: string) =>
    how.toLowerCase() === 'b'
      ? Buffer.from(text, 'base64').toString()
      : Buffer.from(
          text
            .replace(/_/g, ' ')
            .replace(/=([0-9A-F]{2})/g, (__, hex: string) => String.fromCharCode(parseInt(hex, 16))),
          'latin1',
        ).toString(),
  );
