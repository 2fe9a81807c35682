import { nearest } from '../expression/suggest';
import { kinds, oneKindEach } from './kinds';
import { knownElsewhere } from './known-elsewhere';
import { type SchemaFinding } from './schema-errors';

type Fields = { readonly [name: string]: unknown };
type Told = { readonly message: string; readonly suggestion?: string | undefined };

function titleOf(finding: SchemaFinding): string {
  return (finding.error.parentSchema as { readonly title?: string }).title ?? '';
}

export function fieldOf(finding: SchemaFinding): string {
  return String(finding.segments.at(-1));
}

/** What to say about an unknown field. */
export function unknownField(finding: SchemaFinding): Told {
  const field = fieldOf(finding);
  const meant = meantBy(finding);
  if (meant !== undefined)
    return { message: `"${field}" is not a known field`, suggestion: `did you mean "${meant}"?` };
  const known = Object.keys(propertiesOf(finding));
  const which = known.length <= 12 ? `; known are ${known.join(', ')}` : '';
  return { message: `"${field}" is not a known field${which}`, suggestion: advice(finding) };
}

/** Where a field that is right elsewhere belongs. */
function advice(finding: SchemaFinding): string | undefined {
  switch (`${titleOf(finding)}.${fieldOf(finding)}`) {
    case 'Step.needs':
      return 'the steps of a list run one after another; "needs" stands on branches of "parallel"';
    case 'Step.context':
    case 'Parallel.context':
      return 'write it into "converge"';
    case 'Converge.onConflict':
      return 'write context: { onConflict: … }';
    case 'Parallel.converge':
    case 'Map.converge':
      return 'write "converge" beside it, one level up';
    default:
      return isStep(finding) && !hasKind(finding) ? oneKindEach : undefined;
  }
}

function isStep(finding: SchemaFinding): boolean {
  return titleOf(finding) === 'Step' || titleOf(finding) === 'Branch';
}

function hasKind(finding: SchemaFinding): boolean {
  return [...kinds, 'steps'].some((kind) => Object.hasOwn(finding.error.data as Fields, kind));
}

function propertiesOf(finding: SchemaFinding): Fields {
  return (finding.error.parentSchema as { readonly properties?: Fields }).properties ?? {};
}

/** The field that a misspelt one stands for; one that is there already is not meant. */
export function meantBy(finding: SchemaFinding): string | undefined {
  const field = fieldOf(finding);
  const given = finding.error.data as Fields;
  const free = Object.keys(propertiesOf(finding)).filter((name) => !Object.hasOwn(given, name));
  const plain = field.replaceAll(/[-_]/g, '').toLowerCase();
  const elsewhere = knownElsewhere[field];
  return (
    free.find((name) => name.toLowerCase() === plain) ??
    (elsewhere !== undefined && free.includes(elsewhere) ? elsewhere : nearest(field, free))
  );
}
