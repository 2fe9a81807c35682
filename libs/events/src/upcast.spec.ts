import { describe, expect, it } from '@jest/globals';
import { UnknownEventError, upcast } from './upcast';

describe('upcasting', () => {
  it('leaves events of the current shape as they are', () => {
    const data = { output: [1, null] };
    expect(upcast('WorkflowCompleted', 1, data)).toEqual({ type: 'WorkflowCompleted', data });
  });

  it.each<[string, number]>([
    ['WorkflowCompleted', 2],
    ['WorkflowCompleted', 0],
    ['WorkflowCompleted', 1.5],
    ['WorkflowDreamed', 1],
    ['toString', 1],
    ['__proto__', 1],
  ])('refuses %s in version %s by its name', (type, version) => {
    expect(() => upcast(type, version, {})).toThrow(UnknownEventError);
    expect(() => upcast(type, version, {})).toThrow(`type ${type} in shape version ${version}`);
  });
});
