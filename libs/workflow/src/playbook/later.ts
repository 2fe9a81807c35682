/**
 * The parts of the language that this version knows by name but cannot run yet, in one place. Each is refused with a clear
 * problem instead of "unknown field". Whoever builds one takes it out here and puts it into the schema.
 */
export const later = {
  /** Kinds of steps. */
  kinds: ['playbook'],
  /** Fields, by the title of the object in the schema that they belong to. */
  fields: {},
} as const satisfies {
  readonly kinds: readonly string[];
  readonly fields: { readonly [title: string]: readonly string[] };
};

/** What people write who know other systems, and what the same thing is called here. */
export const knownElsewhere: { readonly [field: string]: string } = {
  args: 'with',
  arguments: 'with',
  condition: 'if',
  depends_on: 'needs',
  dependsOn: 'needs',
  foreach: 'map',
  forEach: 'map',
  inputs: 'with',
  input: 'with',
  params: 'with',
  retries: 'retry',
  uses: 'agent',
  vars: 'variables',
  when: 'if',
};
