import { EvaluationError, Optional, type ASTNode } from '@marcbachmann/cel-js';
import { builtInNames } from './cel-environment';
import { LINEAR_MATCHES, takesIntegers } from './functions';
import { linearRegex } from './linear-regex';
import { charge, chargeDeep, shallowCost } from './meter';
import { aroundCheck, aroundHandle, beforeEvaluate, type Checker } from './node-hooks';
import { bindingOf, literalText, pathRoot, treeSize, visitTree } from './syntax-tree';

const zonedGetter = /^get(Date|DayOfMonth|DayOfWeek|FullYear|Hours|Milliseconds|Minutes|Month|Seconds)$/;
const reservedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const zoned = /(z|[+-]\d\d:\d\d)$/i;

/**
 * Before the static check: binds `matches` to the linear engine, refuses what depends on the machine's time zone, and
 * makes the check forgiving where JSON is (lists and maps hold anything, branches of `?:` may differ in kind).
 */
export function adaptTree(root: ASTNode): void {
  visitTree(root, (node) => {
    if (node.op === 'rcall') adaptMethod(node);
    if (node.op === 'map') refuseReservedKeys(node.args);
    aroundCheck(node, node.op === '?:' ? mergeBranches : dynamicInside);
  });
}

function adaptMethod(node: Extract<ASTNode, { op: 'rcall' }>): void {
  const [name, , args] = node.args;
  if (name === 'matches' && args.length === 1) {
    const pattern = literalText(args[0]);
    if (pattern !== undefined) linearRegex(pattern);
    node.args[0] = LINEAR_MATCHES;
  }
  if (name === 'getDayOfYear' || (zonedGetter.test(name) && args.length > 0)) {
    const message = `${name}(${args.length > 0 ? 'zone' : ''}) depends on the time zone of the machine; use the UTC forms without a zone`;
    throw new EvaluationError({ code: 'depends_on_machine', message, node });
  }
}

function refuseReservedKeys(entries: readonly (readonly [ASTNode, ASTNode])[]): void {
  for (const [key] of entries) {
    const name = literalText(key);
    if (name === undefined || !reservedKeys.has(name)) continue;
    throw new EvaluationError({
      code: 'reserved_key',
      message: `the key '${name}' is not allowed; rename it`,
      node: key,
    });
  }
}

function mergeBranches(check: () => unknown, checker: Checker): unknown {
  try {
    return dynamicInside(check, checker);
  } catch (error) {
    const differ =
      typeof error === 'object' && error !== null && Reflect.get(error, 'code') === 'incompatible_ternary_branches';
    if (differ) return checker.getType('dyn');
    throw error;
  }
}

function dynamicInside(check: () => unknown, checker: Checker): unknown {
  const type = check();
  const kind: unknown = typeof type === 'object' && type !== null ? Reflect.get(type, 'kind') : undefined;
  return kind === 'list' || kind === 'map' ? checker.getType(kind) : type;
}

/**
 * After the static check: lets fields be taken from JSON alone. The library reads the fields of its own objects
 * (moments, durations, namespaces) through their prototypes; a path from the scope meets none of them.
 */
export function guardFields(root: ASTNode): void {
  const bound = new Set<string>();
  visitTree(root, (node) => void bound.add(bindingOf(node)?.name ?? ''));
  visitTree(root, (node) => {
    if (node.op !== '.' && node.op !== '.?' && node.op !== '[]' && node.op !== '[?]') return;
    const scopeRoot = pathRoot(node.args[0]);
    if (scopeRoot !== undefined && !bound.has(scopeRoot) && !builtInNames.has(scopeRoot)) return;
    aroundHandle(node, (inner, args) => {
      if (hasFields(args[0])) return inner(...args);
      throw new EvaluationError({ code: 'no_such_key', message: `No such key: ${String(args[1])}`, node });
    });
  });
}

function hasFields(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true;
  if (value instanceof Optional) return hasFields(value.orValue(null));
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** After the static check: makes the tree charge for all work and all growth that its size does not already bound. */
export function meterTree(root: ASTNode): void {
  visitTree(root, (node) => {
    switch (node.op) {
      case '+':
        return aroundHandle(node, (inner, args) => chargeResult(inner(...args)));
      case '==':
      case '!=':
        return aroundHandle(node, (inner, args) => {
          chargeComparison(args[0], args[1]);
          return inner(...args);
        });
      case 'in':
        return aroundHandle(node, (inner, args) => {
          chargeMembership(args[0], args[1]);
          return inner(...args);
        });
      case 'call':
        return meterCall(node, node.args[0]);
      case 'rcall':
        return bindingOf(node)?.loop === true ? meterLoop(node) : meterCall(node, node.args[0]);
      default:
        return undefined;
    }
  });
}

function meterLoop(node: ASTNode): void {
  for (const part of bindingOf(node)?.body ?? []) {
    const cost = 1 + (treeSize(part) >> 2);
    beforeEvaluate(part, () => charge(cost));
  }
  aroundHandle(node, (inner, args) => {
    const [range] = args;
    // A loop over a map first lists all its keys.
    if (typeof range === 'object' && range !== null && !Array.isArray(range)) charge(Object.keys(range).length >> 3);
    return inner(...args);
  });
}

function meterCall(node: ASTNode, name: string): void {
  const integers = takesIntegers.has(name);
  aroundHandle(node, (inner, [values, ...rest]) => {
    if (!isValues(values)) return inner(values, ...rest);
    chargeArguments(name, values);
    if (name === 'timestamp') requireZone(values[0]);
    return chargeResult(inner(integers ? values.map(wholeToInteger) : values, ...rest));
  });
}

function chargeArguments(name: string, values: readonly unknown[]): void {
  const [first, second] = values;
  if (name === 'size' && Array.isArray(first)) return;
  for (const value of values) charge(shallowCost(value));
  if (name === 'size' && typeof first === 'object' && first !== null) charge(Object.keys(first).length >> 3);
  if (name === 'join' && Array.isArray(first)) chargeJoin(first, second);
}

function chargeJoin(list: readonly unknown[], separator: unknown): void {
  const between = typeof separator === 'string' ? separator.length : 0;
  const characters = list.reduce<number>(
    (sum, item) => sum + between + (typeof item === 'string' ? item.length : 0),
    0,
  );
  charge(Math.floor(characters / 32));
}

function chargeResult(value: unknown): unknown {
  charge(shallowCost(value));
  return value;
}

function chargeComparison(left: unknown, right: unknown): void {
  if (typeof left === 'string' && typeof right === 'string') return charge(Math.min(left.length, right.length) >> 5);
  if (typeof left !== 'object' || typeof right !== 'object') return;
  if (Array.isArray(left) && Array.isArray(right) && left.length !== right.length) return;
  chargeDeep(left, refuseProtoKey);
  chargeDeep(right, refuseProtoKey);
}

/** The library compares maps key by key through their prototypes, where this one key would find something else. */
function refuseProtoKey(part: object): void {
  if (!Object.hasOwn(part, '__proto__')) return;
  throw new EvaluationError({ code: 'reserved_key', message: "a value with the key '__proto__' cannot be compared" });
}

function chargeMembership(item: unknown, range: unknown): void {
  charge(shallowCost(range));
  if (typeof item !== 'object' || !Array.isArray(range)) return;
  chargeDeep(item, refuseProtoKey);
  chargeDeep(range, refuseProtoKey);
}

function wholeToInteger(value: unknown): unknown {
  return Number.isSafeInteger(value) ? BigInt(Number(value)) : value;
}

function requireZone(text: unknown): void {
  if (typeof text !== 'string' || zoned.test(text)) return;
  const message =
    'timestamp() needs a time zone, or its value would depend on the machine; end the text with Z or ±hh:mm';
  throw new EvaluationError({ code: 'invalid_timestamp', message });
}

function isValues(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
