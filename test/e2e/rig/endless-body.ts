import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Sends a start whose body has so many bytes and never minds what is answered, as a careless client does; the status of the answer, and how many
 * bytes could be sent before the connection was closed.
 */
export async function sendLarge(
  address: string,
  bytes: number,
  framing: 'announced' | 'chunked',
): Promise<{ readonly status: number; readonly sent: number }> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  let answer = '';
  let open = true;
  socket.on('data', (chunk: unknown) => (answer += String(chunk)));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => ((open = false), resolve())));
  const length = framing === 'announced' ? `content-length: ${bytes}` : 'transfer-encoding: chunked';
  socket.write(
    `POST /v1/workflows HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\n${length}\r\n\r\n`,
  );
  const block = 'x'.repeat(65_536);
  const piece = framing === 'announced' ? block : `${block.length.toString(16)}\r\n${block}\r\n`;
  let sent = 0;
  while (open && sent < bytes) {
    sent += block.length;
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
  }
  if (framing === 'chunked' && open) socket.write('0\r\n\r\n');
  if (answer === '' && open) await Promise.race([once(socket, 'data').catch(() => undefined), closed]);
  socket.destroy();
  await closed;
  return { status: Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? 0), sent };
}
