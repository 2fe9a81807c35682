import { type FastifyInstance } from 'fastify';
import { Problem } from '../problems/problem';
import { checkBody, checkText } from './body-rules';

const jsonTypes = /^application\/([\w.-]+\+)?json\s*(;|$)/;
const yamlTypes = /^(application|text)\/(x-)?yaml\s*(;|$)/;

/**
 * Reads JSON and YAML bodies; every other content type is refused. An empty body is no body, whatever its type says.
 * A YAML body is a playbook and arrives as `{ playbook: text }`; it is parsed where playbooks are.
 */
export function readBodies(instance: FastifyInstance): void {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser(jsonTypes, { parseAs: 'buffer' }, (_request, bytes: Buffer, done) => {
    if (bytes.length === 0) return done(null, undefined);
    const text = decoded(bytes);
    if (text instanceof Problem) return done(text);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return done(notJson(error));
    }
    const problem = problemOf(() => checkBody(value));
    if (problem) return done(problem);
    done(null, value);
  });
  instance.addContentTypeParser(yamlTypes, { parseAs: 'buffer' }, (_request, bytes: Buffer, done) => {
    if (bytes.length === 0) return done(null, undefined);
    const text = decoded(bytes);
    if (text instanceof Problem) return done(text);
    const problem = problemOf(() => checkText(text, ''));
    if (problem) return done(problem);
    done(null, { playbook: text });
  });
}

/**
 * Lets who sends a body that is too large send it to its end, unread, within the time that any request has. A connection that was
 * closed with unread bytes in it would be reset, and the answer lost on whoever writes everything before reading.
 */
export function hearOut(instance: FastifyInstance): void {
  instance.addHook('onSend', async (request, reply) => {
    if (reply.statusCode === 413 && !request.raw.complete) reply.removeHeader('connection');
  });
}

function decoded(bytes: Buffer): string | Problem {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    return new Problem('body.malformed', 'The body is not UTF-8', {}, error);
  }
}

/** The parsers of Fastify answer by callback: what is thrown inside would never reach the client. */
function problemOf(check: () => void): Problem | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Problem ? error : new Problem('internal', undefined, {}, error);
  }
}

function notJson(error: unknown): Problem {
  const reason = error instanceof Error ? error.message : String(error);
  return new Problem('body.malformed', `The body is not JSON: ${reason}`, {}, error);
}
