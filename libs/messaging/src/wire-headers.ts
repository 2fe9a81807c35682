import { MsgHdrsImpl } from '@nats-io/nats-core';

const VERSION = 'NATS/1.0\r\n';

/** Headers that are encoded once, however often their message is sent. */
export class WireHeaders extends MsgHdrsImpl {
  private constructor(readonly bytes: Uint8Array) {
    super();
  }

  /** @throws TypeError when a name or value would end its line and so smuggle in a header of its own. */
  static of(
    messageId: string | undefined,
    headers: Readonly<Record<string, string>> | undefined,
  ): WireHeaders | undefined {
    let text = messageId === undefined ? '' : line('Nats-Msg-Id', messageId);
    for (const name in headers) text += line(name, headers[name] ?? '');
    return text === '' ? undefined : new WireHeaders(Buffer.from(`${VERSION}${text}\r\n`));
  }

  override encode(): Uint8Array {
    return this.bytes;
  }
}

function line(name: string, value: string): string {
  if (!/^[!-9;-~]+$/.test(name)) throw new TypeError(`"${name}" is not the name of a header`);
  if (/[\r\n]/.test(value)) throw new TypeError(`The header ${name} has a line break`);
  return `${name}: ${value}\r\n`;
}
