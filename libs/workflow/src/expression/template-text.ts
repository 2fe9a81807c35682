import { ExpressionError } from './expression-error';

/** A piece of a string in a template: text as it is, or the code between `${{` and `}}`. */
export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'code';
      readonly code: string;
      /** UTF-16 units from the start of the string to the code. */
      readonly offset: number;
    };

const OPEN = '${{';

/**
 * Splits a string of a template. `$${{` stands for a literal `${{`. A `}}` inside a text literal, a map literal or
 * brackets of the code does not end it.
 *
 * @throws ExpressionError where a `${{` has no `}}`
 */
export function splitText(source: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let text = '';
  let from = 0;
  for (let open = source.indexOf(OPEN); open !== -1; open = source.indexOf(OPEN, from)) {
    if (source[open - 1] === '$' && open > from) {
      text += source.slice(from, open - 1) + OPEN;
      from = open + OPEN.length;
      continue;
    }
    text += source.slice(from, open);
    const end = endOfCode(source, open + OPEN.length);
    if (text !== '') parts.push({ kind: 'text', text });
    parts.push(codePart(source, open + OPEN.length, end));
    text = '';
    from = end + 2;
  }
  text += source.slice(from);
  if (text !== '') parts.push({ kind: 'text', text });
  return parts;
}

function codePart(source: string, start: number, end: number): TextPart {
  const raw = source.slice(start, end);
  return { kind: 'code', code: raw.trim(), offset: start + raw.length - raw.trimStart().length };
}

function endOfCode(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    const character = source[at];
    if (character === '"' || character === "'") at = endOfLiteral(source, at, character);
    else if (character === '/' && source[at + 1] === '/') at = endOfComment(source, at);
    else if (character === '{') depth++;
    else if (character === '}' && depth > 0) depth--;
    else if (character === '}' && source[at + 1] === '}') return at;
  }
  throw new ExpressionError('expression.syntax', 'a ${{ has no }} after it; write $${{ for the text itself', source, {
    offset: start - OPEN.length,
  });
}

/** The position of the last character of the comment, which ends with its line or before `}}`. */
function endOfComment(source: string, start: number): number {
  const length = source.slice(start).search(/\n|\}\}/);
  return length === -1 ? source.length : start + length - 1;
}

/** The position of the last quote of the literal, or the end of the source. */
function endOfLiteral(source: string, start: number, quote: string): number {
  const long = quote.repeat(3);
  const close = source.startsWith(long, start) ? long : quote;
  for (let at = start + close.length; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source.startsWith(close, at)) return at + close.length - 1;
  }
  return source.length;
}
