import { fromJson, type JsonObject as ProtobufObject, type JsonValue as ProtobufValue } from '@bufbuild/protobuf';
import { type Duration, type Timestamp, timestampFromMs, type Value, ValueSchema } from '@bufbuild/protobuf/wkt';
import { type Json, type JsonObject, unreachable } from '@braid/events';

/** Any JSON value as a message. */
export function valueOf(json: Json): Value {
  return fromJson(ValueSchema, json as ProtobufValue);
}

/** An object as the library takes it for a Struct: the same, but for the promise to leave it as it is, which it keeps. */
export function structOf(json: JsonObject): ProtobufObject {
  return json as ProtobufObject;
}

/** The JSON that a value is; numbers that JSON does not have are left to whoever checks it. */
export function jsonOf({ kind }: Value): Json {
  switch (kind.case) {
    case 'structValue':
      return Object.fromEntries(Object.entries(kind.value.fields).map(([key, value]) => [key, jsonOf(value)]));
    case 'listValue':
      return kind.value.values.map(jsonOf);
    case 'boolValue':
    case 'numberValue':
    case 'stringValue':
      return kind.value;
    case 'nullValue':
    case undefined:
      return null;
    default:
      return unreachable(kind);
  }
}

/** A moment of ours, which is ISO 8601. */
export function timestampOf(moment: string): Timestamp {
  return timestampFromMs(Date.parse(moment));
}

/** Milliseconds; with a fraction where there are nanoseconds. */
export function millisecondsOf({ seconds, nanos }: Pick<Duration | Timestamp, 'seconds' | 'nanos'>): number {
  return Number(seconds) * 1_000 + nanos / 1e6;
}

/** The longest that a Duration may be, in milliseconds: about 10 000 years. */
const longestMs = 315_576_000_000_000;

/** A duration in milliseconds; agents name some, so that any number is taken. */
export function durationOf(ms: number): { readonly seconds: bigint; readonly nanos: number } {
  const whole = Math.trunc(Math.max(-longestMs, Math.min(ms, longestMs)));
  return { seconds: BigInt(Math.trunc(whole / 1_000)), nanos: (whole % 1_000) * 1_000_000 };
}

type Known<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The fields that have a value. */
export function known<T extends object>(fields: T): Known<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Known<T>;
}
