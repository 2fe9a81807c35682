import { type MessageInitShape } from '@bufbuild/protobuf';
import { type braidV1, type EventView } from '@braid/contracts';
import { type JsonObject } from '@braid/events';
import { structOf, timestampOf } from './values';

export function eventMessage({ version, at, data, ...rest }: EventView): MessageInitShape<typeof braidV1.EventSchema> {
  // The data of every event is an object.
  return { ...rest, version: BigInt(version), at: timestampOf(at), data: structOf(data as JsonObject) };
}
