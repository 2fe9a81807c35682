import { describe, expect, it } from '@jest/globals';
import { playbookSchema } from '@braid/workflow';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { getLanguageService } from 'yaml-language-server';

const schemaUri = 'https://braid.example/playbook.schema.json';
const service = getLanguageService({
  schemaRequestService: () => Promise.resolve(JSON.stringify(playbookSchema)),
  workspaceContext: { resolveRelativePath: (path) => path },
});
service.configure({
  completion: true,
  hover: true,
  validate: true,
  schemas: [{ fileMatch: ['*'], uri: schemaUri }],
});

let documents = 0;
const documentOf = (text: string) => TextDocument.create(`file:///playbook-${++documents}.yaml`, 'yaml', 1, text);

/** What an editor offers at the `|` of a text. */
async function offered(text: string): Promise<readonly string[]> {
  const document = documentOf(text.replace('|', ''));
  const { items } = await service.doComplete(document, document.positionAt(text.indexOf('|')), false);
  return items.map(({ label }) => label);
}

const step = 'name: p\nsteps:\n  - ';

/** This is how most people meet the schema: the language server of YAML, as their editors run it. */
describe('an editor that knows the schema', () => {
  // Seen to fail with the schema emptied of the field.
  it.each([
    ['the fields of a playbook', 'name: p\n|', ['steps', 'variables', 'budget', 'output', 'executionType']],
    ['the fields of a step', `${step}id: a\n    |`, ['agent', 'parallel', 'choose', 'signal', 'playbook', 'onFailure']],
    ['modes of execution', 'name: p\nexecutionType: |\n', ['sequential', 'parallel', 'mixed']],
    ['the fields of a retry', `${step}agent: a\n    retry:\n      |`, ['maximumAttempts', 'nonRetryableErrors']],
    [
      'the fields of a branch',
      `${step}parallel:\n      branches:\n        one:\n          agent: a\n          |`,
      ['needs', 'with', 'timeout'],
    ],
    [
      'strategies',
      `${step}parallel:\n      branches:\n        one: { agent: a }\n    converge:\n      strategy: |\n`,
      ['quorum', 'majority-vote', 'first-success'],
    ],
    ['the fields of a signal', `${step}signal:\n      name: go\n      |`, ['timeout', 'schema']],
    [
      'ways out of a conflict',
      `${step}parallel: { branches: { one: { agent: a } } }\n    converge:\n      context:\n        onConflict: |\n`,
      ['error', 'first', 'last'],
    ],
    ['answers to a failure', `${step}agent: a\n    onFailure: |\n`, ['fail', 'continue']],
  ])('completes %s', async (_, text, labels) => {
    expect(await offered(text)).toEqual(expect.arrayContaining(labels));
  });

  it('explains a field under the pointer', async () => {
    const document = documentOf(`${step}agent: a\n    heartbeatTimeout: 5s\n`);
    const hover = await service.doHover(document, { line: 3, character: 8 });
    expect(JSON.stringify(hover?.contents)).toContain('Silence after which a running attempt has failed');
  });

  it.each([
    ['nothing in a right playbook', `${step}agent: builtin.echo\n    with: { text: hello }\n`, []],
    ['an unknown field', `${step}agnet: a\n`, [2]],
    ['a wrong value', `${step}agent: a\n    timeout: soon\n`, [3]],
    [
      'an unknown strategy',
      `${step}parallel: { branches: { one: { agent: a } } }\n    converge: { strategy: best }\n`,
      [3],
    ],
    ['a playbook without a name', 'steps:\n  - agent: a\n', [0]],
  ])('marks %s', async (_, text, lines) => {
    const found = await service.doValidation(documentOf(text), false);
    expect([...new Set(found.map(({ range }) => range.start.line))]).toEqual(lines);
  });
});
