import { defineAgent } from '@braid/sdk';
import { basename } from 'node:path';
import { bytes, count, number, table } from './_markdown';

type Ranked = readonly { readonly name: string; readonly amount: number }[];

/** What the branches found; a branch that failed left nothing. */
type Findings = {
  readonly languages?: readonly { language: string; files: number; code: number; comments: number; blank: number }[];
  readonly history?: { commits: number; from: string; to: string; authors: Ranked; files: Ranked };
  readonly dependencies?: {
    readonly licences?: { packages: number; licences: Ranked; notable: readonly string[]; withoutText: number };
    readonly tree?: {
      direct: number;
      all: number;
      production: number;
      deepest: readonly string[];
      several: readonly { name: string; versions: readonly string[] }[];
    };
    readonly weight?: { packages: number; files: number; bytes: number; heaviest: Ranked };
  };
  readonly notes?: {
    lines: number;
    marks: Ranked;
    places: readonly { place: string; mark: string; text: string }[];
  };
  readonly tests?: {
    kinds: readonly { kind: string; files: number; cases: number; lines: number }[];
    linesPerLineOfCode: number;
  };
  readonly structure?: readonly {
    folder: string;
    files: number;
    lines: number;
    longest: { file: string; lines: number };
    imports: { own: number; packages: Ranked };
  }[];
  readonly copies?: { stretches: number; copied: number; pairs: Ranked };
};

type Input = { readonly path: string; readonly findings: Findings };

/** Writes the findings of all branches down as one Markdown page. */
export default defineAgent<Input>({
  name: 'audit.report',
  description: 'The report of an audit, as Markdown',
  inputSchema: {
    type: 'object',
    required: ['path', 'findings'],
    properties: { path: { type: 'string' }, findings: { type: 'object' } },
  },
  outputSchema: { type: 'string' },
  run({ path, findings }) {
    const sections = [
      section('Size', findings.languages, size),
      section('Folders', findings.structure, folders),
      section('History', findings.history, history),
      section('Dependencies', findings.dependencies, dependencies),
      section('Tests', findings.tests, tests),
      section('Marks in comments', findings.notes, notes),
      section('Copied code', findings.copies, copies),
    ];
    return [`# Audit of ${basename(path)}`, ...sections].join('\n\n');
  },
});

function section<Finding>(title: string, finding: Finding | undefined, write: (finding: Finding) => string): string {
  const missing = 'Nothing is known: this branch did not complete.';
  return `## ${title}\n\n${finding === undefined ? missing : write(finding)}`;
}

function size(languages: NonNullable<Findings['languages']>): string {
  const rows = languages.slice(0, 8).map((each) => [each.language, each.files, each.code, each.comments, each.blank]);
  return table(['Language', 'Files', 'Code', 'Comments', 'Blank'], rows);
}

function folders(found: NonNullable<Findings['structure']>): string {
  const rows = found.map(({ folder, files, lines, longest, imports }) => [
    folder,
    files,
    lines,
    imports.own,
    `${longest.file} (${number(longest.lines)})`,
    imports.packages.map(({ name }) => name).join(', '),
  ]);
  return table(['Folder', 'Files', 'Lines', 'Own imports', 'Longest file', 'Imports most'], rows);
}

function history({ commits, from, to, authors, files }: NonNullable<Findings['history']>): string {
  const people = authors.map(({ name, amount }) => `${name} (${amount})`).join(', ');
  const head = `The last ${count(commits, 'commit')} from ${from.slice(0, 10)} to ${to.slice(0, 10)}, by ${people}.`;
  return `${head}\n\n${table(['Changed most', 'Commits'], ranked(files))}`;
}

function dependencies({ tree, licences, weight }: NonNullable<Findings['dependencies']>): string {
  const parts: string[] = [];
  if (tree !== undefined) {
    const chain = tree.deepest.join(' → ');
    parts.push(
      `${count(tree.direct, 'package')} asked for, ${number(tree.all)} in all, ${number(tree.production)} of them outside development. Longest chain: ${chain || 'none'}.`,
    );
    const several = tree.several.map(({ name, versions }) => [name, versions.join(', ')]);
    if (several.length > 0) parts.push(table(['In several versions', 'Versions'], several));
  }
  if (licences !== undefined && licences.packages > 0) {
    parts.push(table(['Licence', 'Packages'], ranked(licences.licences)));
    const look = licences.notable.length === 0 ? 'All are permissive.' : `To look at: ${licences.notable.join(', ')}.`;
    parts.push(`${look} ${count(licences.withoutText, 'package')} without the text of the licence.`);
  }
  if (weight !== undefined && weight.packages > 0) {
    parts.push(`${bytes(weight.bytes)} in ${count(weight.files, 'file')} on disk.`);
    parts.push(
      table(
        ['Heaviest', 'Size'],
        weight.heaviest.map(({ name, amount }) => [name, bytes(amount)]),
      ),
    );
  }
  return parts.length === 0 ? 'None are installed.' : parts.join('\n\n');
}

function tests({ kinds, linesPerLineOfCode }: NonNullable<Findings['tests']>): string {
  if (kinds.length === 0) return 'There are none.';
  const rows = kinds.map(({ kind, files, cases, lines }) => [kind, files, cases, lines]);
  return `${table(['Kind', 'Files', 'Cases', 'Lines'], rows)}\n\n${linesPerLineOfCode} lines of test for a line of code.`;
}

function notes({ lines, marks, places }: NonNullable<Findings['notes']>): string {
  if (marks.length === 0) return `None in ${count(lines, 'line')} of code.`;
  const head = marks.map(({ name, amount }) => `${amount} ${name}`).join(', ');
  return `${head}.\n\n${table(
    ['Place', 'Mark', 'Text'],
    places.map(({ place, mark, text }) => [place, mark, text.replaceAll('|', '/')]),
  )}`;
}

function copies({ stretches, copied, pairs }: NonNullable<Findings['copies']>): string {
  if (copied === 0) return `None among ${count(stretches, 'stretch', 'stretches')} of code.`;
  return `${number(copied)} of ${count(stretches, 'stretch', 'stretches')} of code stand in two places.\n\n${table(['Files', 'Stretches'], ranked(pairs))}`;
}

const ranked = (list: Ranked) => list.map(({ name, amount }) => [name, amount] as const);
