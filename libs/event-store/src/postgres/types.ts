import { types, type CustomTypesConfig } from 'pg';

/** Reads `bigint` as a number: counters and milliseconds stay far below 2^53. */
export const integerTypes: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    return oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format);
  },
};
