import { EvaluationError } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { charge } from './meter';
import { patternSize } from './pattern-size';

const MAX_PATTERN = 1_000;
/** A larger pattern would take longer to compile than an expression may take in all. */
const mostInstructions = 5_000;
const MAX_CACHED = 500;
const cache = new Map<string, RE2JS>();

/**
 * Compiles RE2 syntax, the syntax that CEL prescribes for `matches`: no look-around and no back references, and
 * therefore matching in time linear in the text. The `RegExp` of JavaScript backtracks and is never used.
 */
export function linearRegex(pattern: string): RE2JS {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > MAX_PATTERN) {
    throw invalid(`the pattern has ${pattern.length} characters; at most ${MAX_PATTERN} are allowed`);
  }
  if (patternSize(pattern) > mostInstructions) throw invalid('the pattern repeats too much');
  const regex = compile(pattern);
  const [oldest] = cache.keys();
  if (cache.size >= MAX_CACHED && oldest !== undefined) cache.delete(oldest);
  cache.set(pattern, regex);
  return regex;
}

/** Whether the pattern occurs in the text; charged by length of text times size of the pattern. */
export function matchesLinear(text: string, pattern: string): boolean {
  // Whether it is compiled by now must not change what it costs.
  charge(1 + (Math.min(patternSize(pattern), mostInstructions) >> 2));
  const regex = linearRegex(pattern);
  charge((text.length * regex.programSize()) >> 5);
  return regex.matcher(text).find();
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw invalid(`the pattern is not RE2 syntax: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function invalid(message: string): EvaluationError {
  return new EvaluationError({ code: 'invalid_regular_expression', message });
}
