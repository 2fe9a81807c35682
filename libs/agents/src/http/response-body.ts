import { type Json } from '@braid/events';
import { type Response } from 'undici';

/** The answer was longer than allowed. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/**
 * Reads a body up to `maxBytes`, counted after decompression, and lets go of the connection when there is more.
 * @throws BodyTooLarge
 */
export async function readBody(response: Response, maxBytes: number): Promise<Buffer> {
  if (response.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    // Leaving the loop cancels the body, which closes the connection.
    if (length > maxBytes) throw new BodyTooLarge(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** JSON where it says so and is, else text, else (bytes that are no text) `{base64}`. */
export function parseBody(bytes: Buffer, contentType: string): Json {
  if (bytes.length === 0) return null;
  const text = textOf(bytes);
  if (text === undefined) return { base64: bytes.toString('base64') };
  if (!/^(application\/json|[^;]+\+json)\b/i.test(contentType.trim())) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
