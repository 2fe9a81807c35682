import { connect, type Socket } from 'node:net';

/** Somebody who follows events over HTTP and stops reading after the first bytes; the connection stays open. */
export class StalledReader {
  private text = '';
  /** Resolves when the gateway has ended the connection, once the rest is read. */
  private readonly closed: Promise<void>;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async open(address: string, path: string): Promise<StalledReader> {
    const { hostname, port } = new URL(address);
    const socket = connect(Number(port), hostname);
    const reader = new StalledReader(socket);
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\naccept: text/event-stream\r\n\r\n`);
    await new Promise<void>((resolve) => {
      socket.once('data', (chunk: unknown) => {
        reader.text += String(chunk);
        socket.pause();
        resolve();
      });
    });
    return reader;
  }

  /** Reads what is still on its way, and answers the id of the last message that came whole. */
  async readRest(): Promise<string> {
    this.socket.on('data', (chunk: unknown) => (this.text += String(chunk)));
    this.socket.resume();
    await this.closed;
    const whole = this.text.slice(0, this.text.lastIndexOf('\n\n'));
    return [...whole.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '0';
  }

  hangUp(): void {
    this.socket.destroy();
  }
}
