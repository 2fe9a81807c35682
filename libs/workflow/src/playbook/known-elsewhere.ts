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
