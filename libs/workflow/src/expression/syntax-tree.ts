import type { ASTNode } from '@marcbachmann/cel-js';

const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** The parts of a node, in source order. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** Calls `visit` for the node and everything below it. */
export function visitTree(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node);
  for (const child of childrenOf(node)) visitTree(child, visit);
}

export function treeSize(node: ASTNode): number {
  let size = 0;
  visitTree(node, () => size++);
  return size;
}

export type Binding = {
  readonly name: string;
  /** Evaluated outside the binding. */
  readonly outer: readonly ASTNode[];
  /** Evaluated with the name bound; for a loop, once per item. */
  readonly body: readonly ASTNode[];
  readonly loop: boolean;
};

/** What a macro binds: `list.map(x, …)` and its kin, `cel.bind(x, value, …)`; undefined for every other node. */
export function bindingOf(node: ASTNode): Binding | undefined {
  if (node.op !== 'rcall') return undefined;
  const [name, receiver, args] = node.args;
  const [variable, ...rest] = args;
  if (variable?.op !== 'id') return undefined;
  const expected = name === 'map' ? rest.length === 1 || rest.length === 2 : rest.length === 1;
  if (loops.has(name) && expected) return { name: variable.args, outer: [receiver], body: rest, loop: true };
  const [value, body] = rest;
  const bind = name === 'bind' && rest.length === 2 && receiver.op === 'id' && receiver.args === 'cel';
  if (!bind || value === undefined || body === undefined) return undefined;
  return { name: variable.args, outer: [value], body: [body], loop: false };
}

/** Whether the expression only picks something out of the scope, so that its value is a part of the scope as it is. */
export function isPath(node: ASTNode): boolean {
  return pathRoot(node) !== undefined;
}

/** The name at the start of a path; undefined for what is no path. */
export function pathRoot(node: ASTNode): string | undefined {
  if (node.op === 'id') return node.args;
  if (node.op === '.') return pathRoot(node.args[0]);
  if (node.op !== '[]') return undefined;
  return node.args[1].op === 'value' || isPath(node.args[1]) ? pathRoot(node.args[0]) : undefined;
}

/** The text of a literal string node. */
export function literalText(node: ASTNode | undefined): string | undefined {
  return node?.op === 'value' && typeof node.args === 'string' ? node.args : undefined;
}
