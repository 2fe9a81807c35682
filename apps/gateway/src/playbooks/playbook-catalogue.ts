import { type PlaybookProblem } from '@braid/contracts';
import { type PlaybookListing, type Playbooks, type PublishedPlaybook } from '@braid/event-store';
import { type Graph, type JsonObject } from '@braid/events';
import { bindVariables, type CompiledPlaybook, compilePlaybook, playbooksIn } from '@braid/workflow';
import { closest, distance } from 'fastest-levenshtein';
import { parameterProblem } from '../problems/parameter-problem';
import { Problem } from '../problems/problem';

/** A playbook that can be started. */
export type ResolvedPlaybook = { readonly name: string; readonly version?: string; readonly graph: Graph };

export type Publication = {
  readonly playbook: PublishedPlaybook;
  /** False when this version was published with this content before. */
  readonly created: boolean;
  readonly problems: readonly PlaybookProblem[];
};

/** `next` is absent on the last page. */
export type PlaybookPage = { readonly playbooks: readonly PlaybookListing[]; readonly next?: string };

export type Validation = { readonly valid: boolean; readonly problems: readonly PlaybookProblem[] };

/** Playbooks: those that were published, and those that callers bring along. */
export class PlaybookCatalogue {
  /** @param served the agents that runners serve now; none while no runner has been heard of, and nobody can tell */
  constructor(
    private readonly playbooks: Playbooks,
    private readonly served: () => readonly string[],
  ) {}

  /**
   * The graph of a published playbook (`name` or `name@version`), or of the playbook that `source` is.
   * @throws Problem `playbook.unknown`, `playbook.invalid`.
   */
  async resolve(source: string | JsonObject): Promise<ResolvedPlaybook> {
    const reference = typeof source === 'string' ? referenceIn(source) : undefined;
    if (reference !== undefined) return this.published(reference);
    const { graph } = valid(compilePlaybook(source));
    return { name: graph.name, ...(graph.version === undefined ? {} : { version: graph.version }), graph };
  }

  /**
   * The values of all variables: those given, and defaults for the others.
   * @throws Problem `variables.invalid`
   */
  bind(graph: Graph, given: JsonObject): JsonObject {
    const bound = bindVariables(graph, given);
    if (bound.ok) return bound.variables;
    throw new Problem('variables.invalid', summary(bound.problems), { problems: bound.problems });
  }

  async validate(source: string | JsonObject): Promise<Validation> {
    const outcome = await this.compileInPlace(source);
    return { valid: outcome.ok, problems: outcome.ok ? outcome.warnings : outcome.problems };
  }

  /** @throws Problem `playbook.invalid`, PlaybookVersionTakenError. */
  async publish(source: string | JsonObject): Promise<Publication> {
    const { graph, warnings } = valid(await this.compileInPlace(source));
    const text = typeof source === 'string' ? source : JSON.stringify(source, undefined, 2);
    const published = await this.playbooks.publish({
      name: graph.name,
      ...(graph.version === undefined ? {} : { version: graph.version }),
      source: text,
      graph,
    });
    return { ...published, problems: warnings };
  }

  /**
   * What is published: by name, and the newest version of a name first. `cursor` is the `next` of the page before.
   * @throws Problem `request.invalid` for a cursor that is not ours.
   */
  async list(limit: number, cursor?: string): Promise<PlaybookPage> {
    const after = cursor === undefined ? undefined : referenceIn(cursor);
    const found = cursor === undefined || after ? await this.playbooks.page(limit + 1, after) : undefined;
    if (found === undefined) throw parameterProblem('cursor', 'is not the `next` of a page');
    const playbooks = found.slice(0, limit);
    const last = playbooks.at(-1);
    return { playbooks, ...(last && found.length > limit ? { next: `${last.name}@${last.version}` } : {}) };
  }

  /** @throws Problem `playbook.not-found` */
  async get(name: string, version: string): Promise<PublishedPlaybook> {
    const found = await this.playbooks.get(name, version);
    if (found === undefined) throw new Problem('playbook.not-found', `Nothing is published as ${name}@${version}`);
    return found;
  }

  /** Compiles a playbook and looks at its agents, and at the playbooks that it runs as children. Itself it may run too, once it is published. */
  private async compileInPlace(source: string | JsonObject): Promise<CompiledPlaybook> {
    const agents = this.served();
    const served = agents.length === 0 ? {} : { served: new Set(agents) };
    const outcome = compilePlaybook(source, served);
    const children = outcome.ok ? playbooksIn(outcome.graph).filter((name) => name !== outcome.graph.name) : [];
    if (children.length === 0) return outcome;
    const graphOf = async (reference: string) => {
      const { name, version } = referenceIn(reference) ?? { name: reference, version: 'latest' };
      return [reference, (await this.playbooks.get(name, version))?.graph] as const;
    };
    return compilePlaybook(source, { ...served, published: new Map(await Promise.all(children.map(graphOf))) });
  }

  private async published({ name, version }: Reference): Promise<ResolvedPlaybook> {
    const found = await this.playbooks.get(name, version);
    if (found !== undefined) return { name: found.name, version: found.version, graph: found.graph };
    const names = [...new Set((await this.playbooks.list()).map((listing) => listing.name))];
    const message = names.includes(name)
      ? `playbook "${name}" has no version "${version}"`
      : `no playbook "${name}" is published`;
    const near = names.length === 0 ? undefined : closest(name, names);
    const suggestion =
      near !== undefined && near !== name && distance(near, name) <= 3 ? `did you mean "${near}"?` : undefined;
    throw new Problem('playbook.unknown', message, {
      problems: [{ path: 'playbook', message, severity: 'error', ...(suggestion === undefined ? {} : { suggestion }) }],
    });
  }
}

type Reference = { readonly name: string; readonly version: string };

/** A text of one word is a name, with or without a version; every playbook has more than that. */
function referenceIn(text: string): Reference | undefined {
  const match = /^([A-Za-z0-9_][\w.-]{0,199})(?:@([\w.+-]{1,100}))?$/.exec(text.trim());
  if (!match?.[1]) return undefined;
  return { name: match[1], version: match[2] ?? 'latest' };
}

function valid(outcome: CompiledPlaybook): Extract<CompiledPlaybook, { ok: true }> {
  if (outcome.ok) return outcome;
  throw new Problem('playbook.invalid', summary(outcome.problems), { problems: outcome.problems });
}

function summary(problems: readonly PlaybookProblem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const first = errors[0];
  const where = first === undefined || first.path === '' ? '' : `${first.path}: `;
  const more = errors.length > 1 ? `; and ${errors.length - 1} more` : '';
  return first === undefined ? '' : `${where}${first.message}${more}`;
}
