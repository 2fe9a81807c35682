/**
 * One-dimensional arrays in PostgreSQL's binary format. The driver sends a Buffer as a binary parameter, so JSON text
 * reaches the server without being escaped into an array literal and unescaped again.
 */
const headerBytes = 20;

function header(buffer: Buffer, elementType: number, length: number, hasNulls: boolean): void {
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNulls ? 1 : 0, 4);
  buffer.writeInt32BE(elementType, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
}

export function int4Array(values: readonly number[]): Buffer {
  const buffer = Buffer.allocUnsafe(headerBytes + values.length * 8);
  header(buffer, 23, values.length, false);
  let at = headerBytes;
  for (const value of values) {
    at = buffer.writeInt32BE(4, at);
    at = buffer.writeInt32BE(value, at);
  }
  return buffer;
}

/** `undefined` becomes NULL. Values are safe integers. */
export function int8Array(values: readonly (number | undefined)[]): Buffer {
  const buffer = Buffer.allocUnsafe(headerBytes + values.length * 12);
  header(buffer, 20, values.length, true);
  let at = headerBytes;
  for (const value of values) {
    if (value === undefined) {
      at = buffer.writeInt32BE(-1, at);
      continue;
    }
    const high = Math.floor(value / 0x1_0000_0000);
    at = buffer.writeInt32BE(8, at);
    at = buffer.writeInt32BE(high, at);
    at = buffer.writeUInt32BE(value - high * 0x1_0000_0000, at);
  }
  return buffer.subarray(0, at);
}

export function booleanArray(values: readonly boolean[]): Buffer {
  const buffer = Buffer.allocUnsafe(headerBytes + values.length * 5);
  header(buffer, 16, values.length, false);
  let at = headerBytes;
  for (const value of values) {
    at = buffer.writeInt32BE(1, at);
    at = buffer.writeUInt8(value ? 1 : 0, at);
  }
  return buffer;
}

export function textArray(values: readonly string[]): Buffer {
  return stringArray(25, values);
}

export function jsonArray(values: readonly string[]): Buffer {
  return stringArray(114, values);
}

function stringArray(elementType: number, values: readonly string[]): Buffer {
  let size = headerBytes;
  for (const value of values) {
    size += 4 + Buffer.byteLength(value);
  }
  const buffer = Buffer.allocUnsafe(size);
  header(buffer, elementType, values.length, false);
  let at = headerBytes;
  for (const value of values) {
    const written = buffer.write(value, at + 4);
    buffer.writeInt32BE(written, at);
    at += 4 + written;
  }
  return buffer;
}
