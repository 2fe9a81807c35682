import { type BranchStatusName, type GraphNode, type GraphView } from '@braid/contracts';

const colours: { readonly [status in BranchStatusName]: string } = {
  pending: '#e5e7eb',
  requested: '#dbeafe',
  running: '#93c5fd',
  completed: '#bbf7d0',
  failed: '#fecaca',
  cancelled: '#fde68a',
  skipped: '#f3f4f6',
};

/** The graph as a Mermaid flowchart: what Markdown renderers draw by themselves. */
export function mermaidPicture({ nodes, edges }: GraphView): string {
  const name = names(nodes);
  const lines = nodes.map((node) => `  ${name(node.id)}${mermaidShape(node)}:::${node.status}`);
  const arrows = edges.map((edge) => `  ${name(edge.from)} ${mermaidArrow(edge)} ${name(edge.to)}`);
  const classes = Object.entries(colours).map(([status, fill]) => `  classDef ${status} fill:${fill},color:#111827`);
  return ['flowchart TD', ...lines, ...arrows, ...classes, ''].join('\n');
}

/** The graph in the language of Graphviz. */
export function dotPicture({ nodes, edges }: GraphView): string {
  const name = names(nodes);
  const lines = nodes.map(
    (node) =>
      `  ${name(node.id)} [label="${dotText(caption(node))}", shape=${dotShape(node)}, style=filled, fillcolor="${colours[node.status]}"];`,
  );
  const arrows = edges.map(
    ({ from, to, kind, require }) =>
      `  ${name(from)} -> ${name(to)}${kind === 'needs' ? ` [style=dashed${require === undefined ? '' : `, label="any ${require}"`}]` : ''};`,
  );
  return ['digraph workflow {', '  rankdir=TB;', ...lines, ...arrows, '}', ''].join('\n');
}

/** Short names for nodes: paths hold characters that mean something in both languages. */
function names(nodes: readonly GraphNode[]): (id: string) => string {
  const numbers = new Map(nodes.map((node, index) => [node.id, `n${index}`]));
  return (id) => numbers.get(id) ?? 'unknown';
}

function caption(node: GraphNode): string {
  const counts = Object.entries(node.counts ?? {}).map(([status, count]) => `${count} ${status}`);
  const branch = node.branch === 'root' || node.kind === 'branches' ? [] : [node.branch];
  const details = counts.length > 0 ? counts.join(', ') : (node.agent ?? (node.kind === 'agent' ? '' : node.kind));
  return [node.label, details, ...branch].filter((line) => line !== '').join('\n');
}

function mermaidArrow({ kind, require }: GraphView['edges'][number]): string {
  if (kind !== 'needs') return '-->';
  return require === undefined ? '-.->' : `-. any ${require} .->`;
}

function mermaidShape(node: GraphNode): string {
  const text = `"${mermaidText(caption(node))}"`;
  if (node.kind === 'parallel' || node.kind === 'map') return `{{${text}}}`;
  return node.kind === 'convergence' ? `([${text}])` : `[${text}]`;
}

function dotShape(node: GraphNode): string {
  if (node.kind === 'parallel' || node.kind === 'map') return 'hexagon';
  return node.kind === 'convergence' ? 'oval' : 'box';
}

/** Mermaid reads labels as HTML with its own entities; every character that means something there is written as a number. */
function mermaidText(text: string): string {
  return text
    .replace(/[^\p{L}\p{N} \n.,:;/_×-]/gu, (char) => `#${char.codePointAt(0) ?? 63};`)
    .replaceAll('\n', '<br/>');
}

function dotText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
