import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MissingPayloadError, putBack, referencesOf, setAside } from './set-aside';

const large = 'x'.repeat(50);

function restored(document: object, limit: number): unknown {
  const { text, bodies } = setAside(document, limit);
  const read = JSON.parse(text) as object;
  putBack(read, new Map([...bodies].map(([hash, body]) => [hash, JSON.parse(body) as unknown])));
  return read;
}

describe('large values of a document', () => {
  it('are taken out where they stand, and the rest stays', () => {
    const { text, bodies } = setAside({ branch: 'root', output: { a: large, b: [1, large] } }, 40);
    expect([...bodies.values()]).toEqual([JSON.stringify(large)]);
    const read = JSON.parse(text) as object;
    expect(read).toMatchObject({ branch: 'root', output: { a: null, b: [1, null] } });
    expect(referencesOf(read).map(([path]) => path)).toEqual([
      ['output', 'a'],
      ['output', 'b', 1],
    ]);
  });

  it('are one body wherever they stand', () => {
    const one = setAside({ output: { report: large } }, 40);
    const other = setAside({ input: [{ text: large }] }, 40);
    expect([...one.bodies.keys()]).toEqual([...other.bodies.keys()]);
  });

  it('are taken out as a whole when many small parts make them large', () => {
    const list = Array.from({ length: 20 }, (_, index) => index);
    const { bodies } = setAside({ items: list, deep: { list, large } }, 40);
    expect([...bodies.values()].map((body) => JSON.parse(body) as unknown)).toEqual([list, large]);
    const { bodies: whole } = setAside({ items: Array.from({ length: 9 }, () => ({ some: 'text' })) }, 40);
    expect(whole.size).toBe(1);
  });

  it("are not the document's own containers, however broad, as a caller says", () => {
    const branches = Array.from({ length: 9 }, (_, index) => ({
      path: `b${index}`,
      output: index === 4 ? large : 'a',
    }));
    const { text, bodies } = setAside({ state: { branches } }, 40, 4);
    expect([...bodies.values()]).toEqual([JSON.stringify(large)]);
    expect(referencesOf(JSON.parse(text)).map(([path]) => path)).toEqual([['state', 'branches', 4, 'output']]);
    const outputs = { state: { branches: [{ output: Array.from({ length: 9 }, () => 'text') }] } };
    expect(setAside(outputs, 40, 4).bodies.size).toBe(1);
  });

  it('leave a document that has none as it was', () => {
    const document = { branch: 'root', output: [1, 'two', { three: null }] };
    expect(setAside(document, 1_000)).toEqual({ text: JSON.stringify(document), bodies: new Map() });
  });

  it('come back as they were, whatever the document', () => {
    const document = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 8, stringUnit: 'binary' }));
    fc.assert(
      fc.property(document, fc.integer({ min: 1, max: 60 }), (value, limit) => {
        fc.pre(!Object.hasOwn(value, '$payloads'));
        expect(restored(value, limit)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('come back under any key, and from deep below', () => {
    const hostile = JSON.parse(`{"output":{"__proto__":"${large}","constructor":{"prototype":"${large}"}}}`) as object;
    expect(JSON.stringify(restored(hostile, 40))).toBe(JSON.stringify(hostile));
    let nested: object = { large };
    for (let depth = 0; depth < 100; depth++) nested = { nested };
    expect(restored({ nested }, 40)).toEqual({ nested });
  });

  it('are missed by name', () => {
    const read = JSON.parse(setAside({ output: large }, 40).text) as object;
    expect(() => putBack(read, new Map())).toThrow(MissingPayloadError);
  });
});
