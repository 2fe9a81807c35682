import { type Json, type JsonObject } from '@braid/events';
import { type Problem } from './problem';
import { type Finding, validatorOf } from './schema-validator';

/** More problems of one value help nobody. */
const mostProblems = 100;

/**
 * What keeps a value from matching a JSON Schema, all at once; empty where it matches. Nothing is coerced. A schema that
 * cannot be used is a problem too. `subject` names the value in messages and begins the paths: `output.items[2]`.
 */
export function schemaProblems(schema: JsonObject, value: Json, subject: string): readonly Problem[] {
  const compiled = validatorOf(schema);
  if (!compiled.ok) {
    return compiled.problems.map(({ path, message, ...rest }) => {
      const where = path === '' ? '' : ` (at ${path})`;
      return {
        path: subject,
        message: `the schema of "${subject}" cannot be used${where}: ${message}`,
        ...rest,
        severity: 'error',
      };
    });
  }
  const findings = compiled.validate(value);
  const problems = findings.slice(0, mostProblems).map((finding) => valueProblem(finding, subject));
  if (findings.length <= mostProblems) return problems;
  const message = `${findings.length - mostProblems} more problems of "${subject}" are not shown`;
  return [...problems, { path: subject, message, severity: 'error' }];
}

function valueProblem({ path, message }: Finding, subject: string): Problem {
  const whole = path === '' || path.startsWith('[') ? `${subject}${path}` : `${subject}.${path}`;
  return { path: whole, message: `"${whole}" ${message}`, severity: 'error' };
}
