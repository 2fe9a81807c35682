import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { deepestBody } from '../edge/body-rules';
import { Problem } from '../problems/problem';

/** A key that the library would take for the prototype of what it reads into, and so lose. */
const prototypeKey = '__proto__';

/**
 * The message that the bytes are.
 * @throws Problem `body.malformed`, `body.too-deep`, or `body.forbidden-key`.
 */
export function decode<T extends DescMessage>(schema: T, bytes: Uint8Array): MessageShape<T> {
  let message: MessageShape<T>;
  try {
    message = fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (error) {
    // Messages in messages are read by recursion: what exhausts the stack is deeper than anything that is allowed.
    if (error instanceof RangeError && error.message.includes('call stack')) {
      throw new Problem('body.too-deep', `Nested more than ${deepestBody} levels deep`, {}, error);
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem('body.malformed', `The bytes are not a ${schema.typeName}: ${reason}`, {}, error);
  }
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(prototypeKey)) {
    refusePrototypeKeys(new BinaryReader(bytes), bytes.length, schema);
  }
  return message;
}

/** Looks for maps with the key, in bytes that are known to be a message of this kind. */
function refusePrototypeKeys(reader: BinaryReader, end: number, schema: DescMessage): void {
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = schema.fields.find((each) => each.number === number);
    if (field === undefined || wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, number);
      continue;
    }
    const fieldEnd = reader.uint32() + reader.pos;
    if (field.fieldKind === 'map')
      refuseEntry(reader, fieldEnd, field.mapKind === 'message' ? field.message : undefined);
    else if (field.message !== undefined) refusePrototypeKeys(reader, fieldEnd, field.message);
    reader.pos = fieldEnd;
  }
}

/** An entry of a map has the key as field 1 and the value as field 2. */
function refuseEntry(reader: BinaryReader, end: number, value: DescMessage | undefined): void {
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === WireType.LengthDelimited) {
      if (reader.string() === prototypeKey) {
        throw new Problem('body.forbidden-key', `The request holds the key ${prototypeKey}`);
      }
    } else if (number === 2 && value !== undefined && wireType === WireType.LengthDelimited) {
      refusePrototypeKeys(reader, reader.uint32() + reader.pos, value);
    } else {
      reader.skip(wireType, number);
    }
  }
}
