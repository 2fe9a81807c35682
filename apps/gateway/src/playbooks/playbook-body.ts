import { type JsonObject } from '@braid/events';
import { Problem } from '../problems/problem';
import { isPlaybookSource } from './is-playbook-source';

/**
 * The playbook that a body is, or that it holds as its only field `playbook` (as every YAML body does).
 * @throws Problem `input.invalid`
 */
export function playbookIn(body: unknown): string | JsonObject {
  const wrapped = typeof body === 'object' && body !== null && 'playbook' in body && Object.keys(body).length === 1;
  const source: unknown = wrapped ? body.playbook : body;
  if (isPlaybookSource(source)) return source;
  const message = 'the body must be a playbook: an object, or text as application/yaml';
  throw new Problem('input.invalid', message, { problems: [{ path: '', message, severity: 'error' }] });
}
