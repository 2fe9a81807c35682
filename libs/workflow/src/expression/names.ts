import type { ASTNode } from '@marcbachmann/cel-js';
import { builtInNames, celEnvironment } from './cel-environment';
import { bindingOf, childrenOf, literalText } from './syntax-tree';

/** One use of a name of the scope. */
export type NameUse = {
  /** `steps` in `steps.reviews.output`. */
  readonly root: string;
  /** `reviews` in `steps.reviews.output` and in `steps['reviews'].output`; absent where it is computed or not given. */
  readonly member?: string;
  /** UTF-16 units from the start of the expression to the root. */
  readonly offset: number;
};

/** The names that the tree takes from its scope, in source order; variables of macros and names of CEL are none. */
export function namesIn(root: ASTNode): readonly NameUse[] {
  const uses: NameUse[] = [];
  collect(root, new Set(), uses);
  return uses;
}

function collect(node: ASTNode, bound: ReadonlySet<string>, uses: NameUse[]): void {
  const use = useOf(node, bound);
  if (use !== undefined) uses.push(use);
  const binding = bindingOf(node);
  if (binding !== undefined) {
    const inner = new Set([...bound, binding.name]);
    for (const part of binding.outer) collect(part, bound, uses);
    for (const part of binding.body) collect(part, inner, uses);
    return;
  }
  for (const child of childrenOf(node)) {
    // The root of an access is told with its member.
    if (use === undefined || child.op !== 'id' || child !== childrenOf(node)[0]) collect(child, bound, uses);
  }
}

function useOf(node: ASTNode, bound: ReadonlySet<string>): NameUse | undefined {
  if (node.op === 'id') return isFree(node.args, bound) ? { root: node.args, offset: node.start } : undefined;
  const access = accessOf(node);
  if (access?.base.op !== 'id' || !isFree(access.base.args, bound)) return undefined;
  const use = { root: access.base.args, offset: access.base.start };
  return access.member === undefined ? use : { ...use, member: access.member };
}

function isFree(name: string, bound: ReadonlySet<string>): boolean {
  return !bound.has(name) && !builtInNames.has(name);
}

function accessOf(node: ASTNode): { readonly base: ASTNode; readonly member: string | undefined } | undefined {
  switch (node.op) {
    case '.':
    case '.?':
      return { base: node.args[0], member: node.args[1] };
    case '[]':
    case '[?]':
      return { base: node.args[0], member: literalText(node.args[1]) };
    default:
      return undefined;
  }
}

/** Whether a scope may hold this name, so that expressions can use it: what a `map` variable must satisfy. */
export function isScopeName(name: string): boolean {
  if (!/^[A-Za-z_]\w*$/.test(name) || builtInNames.has(name)) return false;
  try {
    return celEnvironment.parse(name).ast.op === 'id';
  } catch {
    return false;
  }
}

/** The names that a compiled template or expression takes from its scope, in source order, without `secrets`. */
export function namesUsed(compiled: { readonly names: readonly NameUse[] }): readonly NameUse[] {
  return compiled.names;
}
