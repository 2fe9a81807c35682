import type { ASTNode } from '@marcbachmann/cel-js';
import { visitTree } from './syntax-tree';

/** A field that looks dashed, although CEL reads the dash as a subtraction. */
export type DashedName = {
  readonly root: string;
  /** `second-look` in `steps.second-look.output`. */
  readonly member: string;
  readonly offset: number;
  /** Where the field ends. */
  readonly end: number;
  /** The text with the field in brackets: `steps['second-look'].output`. */
  readonly suggestion: string;
};

const dashed = /^([A-Za-z_]\w*(?:-\w+)+)((?:\.\w+|\[[^\]]*\])*)/;

/** Finds subtractions without spaces whose left side ends in a field: `steps.second-look.output`. */
export function dashedNames(tree: ASTNode, source: string): readonly DashedName[] {
  const found = new Map<number, DashedName>();
  visitTree(tree, (node) => {
    if (node.op !== '-' || source[node.args[0].end] !== '-' || node.args[1].start !== node.args[0].end + 1) return;
    const name = dashedAt(leftmostAccess(node.args[0]), source);
    if (name !== undefined) found.set(name.offset, name);
  });
  return [...found.values()];
}

function leftmostAccess(node: ASTNode): ASTNode {
  return node.op === '-' ? leftmostAccess(node.args[0]) : node;
}

function dashedAt(node: ASTNode, source: string): DashedName | undefined {
  if (node.op !== '.' && node.op !== '.?') return undefined;
  const [, member, rest = ''] = dashed.exec(source.slice(node.pos)) ?? [];
  const base = node.args[0];
  if (member === undefined) return undefined;
  const suggestion = `${source.slice(base.start, base.end)}['${member}']${rest}`;
  return { root: rootOf(base), member, offset: base.start, end: node.pos + member.length, suggestion };
}

function rootOf(node: ASTNode): string {
  if (node.op === 'id') return node.args;
  return node.op === '.' || node.op === '[]' ? rootOf(node.args[0]) : '';
}
