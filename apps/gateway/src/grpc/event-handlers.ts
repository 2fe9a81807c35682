import { type braidV1 } from '@braid/contracts';
import { type GatewayServices } from '../gateway-services';
import { FeedQueryDto } from '../events/feed-query.dto';
import { parametersOf } from './fields';
import { type Handlers } from './handlers';
import { eventMessage } from './messages/event';
import { known } from './messages/values';

/** The methods of EventService over the feed of the gateway. */
export function eventHandlers({ streams }: Pick<GatewayServices, 'streams'>): Handlers<typeof braidV1.EventService> {
  return {
    subscribe: async function* ({ after, types, playbooks, workflows }, { signal }) {
      const list = (values: readonly string[]) => (values.length === 0 ? undefined : values.join(','));
      const request = await parametersOf(
        FeedQueryDto,
        known({
          after: after === '' ? undefined : after,
          type: list(types),
          playbook: list(playbooks),
          workflow: list(workflows),
        }),
      );
      const source = await streams.ofAll(request, undefined);
      for await (const { id, data } of source(signal)) {
        yield { position: id, ...(data === undefined ? {} : { event: eventMessage(data) }) };
      }
    },
  };
}
