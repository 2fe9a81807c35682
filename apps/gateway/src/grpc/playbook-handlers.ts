import { type JsonObject } from '@bufbuild/protobuf';
import { type braidV1 } from '@braid/contracts';
import { checkBody } from '../edge/body-rules';
import { type GatewayServices } from '../gateway-services';
import { playbookIn } from '../playbooks/playbook-body';
import { PlaybookQueryDto } from '../playbooks/playbook.dto';
import { inOurNames, parametersOf } from './fields';
import { type Handlers } from './handlers';
import { listingMessage, playbookMessage } from './messages/playbook';
import { problemMessage } from './messages/problem';
import { known } from './messages/values';

/** The methods of PlaybookService over the catalogue of the gateway. */
export function playbookHandlers({
  catalogue,
}: Pick<GatewayServices, 'catalogue'>): Handlers<typeof braidV1.PlaybookService> {
  return {
    publish: async ({ source }) => {
      const { playbook, created, problems } = await catalogue.publish(sourceOf(source.value));
      return { playbook: playbookMessage(playbook), created, problems: problems.map(problemMessage) };
    },
    get: async ({ name, version }) => ({ playbook: playbookMessage(await catalogue.get(name, version)) }),
    list: ({ pageSize, pageToken }) =>
      inOurNames(async () => {
        const plain = known({
          limit: pageSize === 0 ? undefined : pageSize,
          cursor: pageToken === '' ? undefined : pageToken,
        });
        const { limit, cursor } = await parametersOf(PlaybookQueryDto, plain);
        const { playbooks, next } = await catalogue.list(limit, cursor);
        return { playbooks: playbooks.map(listingMessage), nextPageToken: next ?? '' };
      }),
    validate: async ({ source }) => {
      const { valid, problems } = await catalogue.validate(sourceOf(source.value));
      return { valid, problems: problems.map(problemMessage) };
    },
  };
}

/** @throws Problem `input.invalid` when there is none, `body.too-deep`, `body.forbidden-*`. */
function sourceOf(source: string | JsonObject | undefined) {
  const body = { playbook: source };
  checkBody(body);
  return playbookIn(body);
}
