import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ schema: 'braid', name: 'playbook' })
export class PlaybookEntity {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  @PrimaryColumn({ type: 'text' })
  version!: string;

  /** Counts the versions of a name in the order in which they were published. */
  @Column({ type: 'integer' })
  ordinal!: number;

  /** The text as its author wrote it, as a JSON string: `text` columns refuse NUL. */
  @Column({ type: 'json' })
  source!: string;

  @Column({ type: 'json' })
  graph!: object;

  @Column({ type: 'text' })
  digest!: string;

  @Column({ type: 'timestamptz', name: 'published_at', insert: false })
  publishedAt!: Date;
}
