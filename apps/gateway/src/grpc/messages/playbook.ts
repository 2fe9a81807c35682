import { type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type braidV1 } from '@braid/contracts';
import { type PlaybookListing, type PublishedPlaybook } from '@braid/event-store';
import { type JsonObject } from '@braid/events';
import { structOf } from './values';

export function playbookMessage(playbook: PublishedPlaybook): MessageInitShape<typeof braidV1.PlaybookSchema> {
  const { name, version, publishedAt, digest, source, graph } = playbook;
  return {
    ...{ name, version, digest, source },
    publishedAt: timestampFromMs(publishedAt),
    // A graph is stored as JSON, and nothing else can be in it.
    graph: structOf(graph as unknown as JsonObject),
  };
}

export function listingMessage(listing: PlaybookListing): MessageInitShape<typeof braidV1.PlaybookListingSchema> {
  const { name, version, publishedAt } = listing;
  return { name, version, publishedAt: timestampFromMs(publishedAt) };
}
