import type { Json } from '@braid/events';
import { compileExpression, parseCode, type Expression } from './compile-expression';
import { ExpressionError, type TemplatePath } from './expression-error';
import { MAX_VALUE_DEPTH } from './meter';
import type { NameUse } from './names';
import { refuseMarkers, secretName } from './secrets';
import { SourceCache } from './source-cache';
import { splitText, type TextPart } from './template-text';

export type ExpressionNode = {
  readonly kind: 'expression';
  readonly expression: Expression;
  readonly path: TemplatePath;
};
export type SecretNode = { readonly kind: 'secret'; readonly name: string };
export type ConstantNode = { readonly kind: 'constant'; readonly value: Json };

export type TemplateNode =
  | ConstantNode
  | ExpressionNode
  | SecretNode
  | { readonly kind: 'text'; readonly parts: readonly (string | ExpressionNode | SecretNode)[] }
  | { readonly kind: 'list'; readonly items: readonly TemplateNode[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [key: string, node: TemplateNode])[] };

/** A value of JSON whose strings may hold expressions, ready to be evaluated any number of times. */
export type Template = {
  readonly kind: 'template';
  readonly root: TemplateNode;
  /** The names that its expressions use, without `secrets`. */
  readonly names: readonly NameUse[];
  /** The secrets that it refers to. */
  readonly secrets: readonly string[];
  /** Whether markers of secrets may be in its value, so that data must not look like one. */
  readonly guarded: boolean;
};

export type TemplateOptions = {
  /** Whether `${{ secrets.NAME }}` is allowed: only in `with` of an agent step. */
  readonly secrets?: boolean;
};

type Compiling = { readonly secretsAllowed: boolean; readonly names: NameUse[]; readonly secrets: Set<string> };
type Caches = { readonly texts: SourceCache<Template>; readonly objects: WeakMap<object, Template> };

const cached = { plain: newCaches(), guarded: newCaches() };

/**
 * Compiles a template. A string that is exactly one `${{ … }}` takes the value of its expression with its kind; inside other
 * text, values are rendered. `$${{` stands for the text `${{`. The same text or the same object is compiled once, so
 * an object must not be changed after it was given here.
 *
 * @throws ExpressionError with the path inside the template, for whatever `compileExpression` refuses
 */
export function compileTemplate(source: Json, options: TemplateOptions = {}): Template {
  const guarded = options.secrets === true;
  const { texts, objects } = guarded ? cached.guarded : cached.plain;
  if (typeof source === 'string') return texts.get(source, () => compileRoot(source, guarded));
  if (typeof source !== 'object' || source === null) return compileRoot(source, guarded);
  const known = objects.get(source);
  if (known !== undefined) return known;
  const template = compileRoot(source, guarded);
  objects.set(source, template);
  return template;
}

function compileRoot(source: Json, guarded: boolean): Template {
  const compiling: Compiling = { secretsAllowed: guarded, names: [], secrets: new Set() };
  const root = compileNode(source, [], compiling);
  if (guarded) refuseMarkers(source, '');
  return { kind: 'template', root, names: compiling.names, secrets: [...compiling.secrets], guarded };
}

function compileNode(source: Json, path: TemplatePath, compiling: Compiling): TemplateNode {
  if (typeof source === 'string') return compileText(source, path, compiling);
  if (typeof source !== 'object' || source === null) return { kind: 'constant', value: source };
  if (path.length > MAX_VALUE_DEPTH) {
    throw new ExpressionError(
      'expression.value',
      `the template is nested deeper than ${MAX_VALUE_DEPTH} levels`,
      '',
      {},
      path,
    );
  }
  return isList(source) ? compileList(source, path, compiling) : compileObject(source, path, compiling);
}

function compileList(source: readonly Json[], path: TemplatePath, compiling: Compiling): TemplateNode {
  const items = source.map((item, index) => compileNode(item, [...path, index], compiling));
  if (items.every((item, index) => item.kind === 'constant' && item.value === source[index])) {
    return { kind: 'constant', value: source };
  }
  return { kind: 'list', items };
}

function compileObject(
  source: { readonly [key: string]: Json },
  path: TemplatePath,
  compiling: Compiling,
): TemplateNode {
  const entries = Object.entries(source).map(
    ([key, value]) => [key, compileNode(value, [...path, key], compiling)] as const,
  );
  if (entries.some(([key]) => key === '__proto__')) {
    throw new ExpressionError('expression.value', "the key '__proto__' is not allowed", '', {}, path);
  }
  const constant = entries.every(([key, node]) => node.kind === 'constant' && node.value === source[key]);
  return constant ? { kind: 'constant', value: source } : { kind: 'object', entries };
}

function compileText(source: string, path: TemplatePath, compiling: Compiling): TemplateNode {
  if (!source.includes('${{')) return { kind: 'constant', value: source };
  try {
    const parts = splitText(source).map((part) => compilePart(part, path, compiling));
    const [only] = parts;
    if (parts.length === 1 && only !== undefined)
      return typeof only === 'string' ? { kind: 'constant', value: only } : only;
    return { kind: 'text', parts };
  } catch (error) {
    throw error instanceof ExpressionError ? error.within(path) : error;
  }
}

function compilePart(part: TextPart, path: TemplatePath, compiling: Compiling): string | ExpressionNode | SecretNode {
  if (part.kind === 'text') return part.text;
  const secret =
    part.code.includes('secrets') && compiling.secretsAllowed ? secretName(parseCode(part.code).ast) : undefined;
  if (secret !== undefined) {
    compiling.secrets.add(secret);
    return { kind: 'secret', name: secret };
  }
  const expression = compileExpression(part.code);
  compiling.names.push(...expression.names);
  return { kind: 'expression', expression, path };
}

function newCaches(): Caches {
  return { texts: new SourceCache<Template>(), objects: new WeakMap<object, Template>() };
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
