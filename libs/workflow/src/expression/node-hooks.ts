import type { ASTNode } from '@marcbachmann/cel-js';

type Step = (evaluator: unknown, node: unknown, scope: unknown) => unknown;
type Check = (checker: Checker, node: ASTNode, scope: unknown) => unknown;
type Handle = (...args: readonly unknown[]) => unknown;
type Meta = { evaluate: Step; readonly alternate?: HookedNode; readonly macro?: { evaluate: Step } };

export type Checker = { getType(name: string): unknown };

/** What the library keeps in a node beside the syntax; its declared types do not tell. */
type HookedNode = { readonly meta: Meta; setMeta(key: string, value: unknown): unknown; handle?: Handle; check: Check };

/**
 * The places where the library lets an evaluation be watched. They are not part of its documented interface: a node that
 * looks different after an update stops every expression at once, rather than letting one run without its cost limit.
 */
function hooked(node: unknown): HookedNode {
  if (isHooked(node)) return node;
  throw new Error('This version of cel-js builds its syntax tree differently; adapt node-hooks.ts');
}

function isHooked(node: unknown): node is HookedNode {
  if (typeof node !== 'object' || node === null) return false;
  const meta: unknown = Reflect.get(node, 'meta');
  const evaluate: unknown = typeof meta === 'object' && meta !== null ? Reflect.get(meta, 'evaluate') : undefined;
  const methods = [evaluate, Reflect.get(node, 'setMeta'), Reflect.get(node, 'check')];
  return methods.every((method) => typeof method === 'function');
}

/** Changes how the static type of the node is derived. To be called before the tree is checked. */
export function aroundCheck(node: ASTNode, around: (check: () => unknown, checker: Checker) => unknown): void {
  const target = hooked(node);
  const inner = target.check;
  target.check = (checker, self, scope) => around(() => inner.call(target, checker, self, scope), checker);
}

/** Runs `before` each time that the node is evaluated. To be called after the check and before the first evaluation. */
export function beforeEvaluate(node: ASTNode, before: () => void): void {
  const watch =
    (inner: Step): Step =>
    (evaluator, self, scope) => {
      before();
      return inner(evaluator, self, scope);
    };
  const target = replacementOf(hooked(node));
  const { macro, evaluate } = target.meta;
  if (macro === undefined) target.setMeta('evaluate', watch(evaluate));
  else {
    const inner = macro.evaluate.bind(macro);
    macro.evaluate = watch(inner);
  }
}

/** Wraps the function that computes the node's value from the values of its parts. To be called after the check. */
export function aroundHandle(node: ASTNode, around: (inner: Handle, args: readonly unknown[]) => unknown): void {
  const target = replacementOf(hooked(node));
  const inner = target.handle;
  if (inner === undefined) return;
  target.handle = (...args) => around(inner, args);
}

/** Macros of the library are nodes with another tree in their place. */
function replacementOf(node: HookedNode): HookedNode {
  return node.meta.alternate === undefined ? node : replacementOf(hooked(node.meta.alternate));
}
