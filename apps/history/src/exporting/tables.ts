// What an export holds of each topic: its columns, and how DuckDB reads them from the lines. Invariant: columns are added at the
// end and never renamed, so that exports of different days can be read together.

export type TableWord = 'changes' | 'memberships' | 'rooms';

export const TABLE_WORDS: readonly TableWord[] = ['changes', 'memberships', 'rooms'];

export interface Column {
  readonly name: string;
  readonly type: 'INTEGER' | 'BIGINT' | 'VARCHAR' | 'BOOLEAN';
  /** SQL over a line; `p` is the partition. */
  readonly from: string;
}

export interface Table {
  readonly columns: readonly Column[];
  /** The parts of a line, as DuckDB's JSON reader takes them. */
  readonly line: string;
}

const view = 'presence VARCHAR, status_msg VARCHAR, currently_active BOOLEAN, last_active_ts BIGINT';

/** A line without it is no change: DuckDB gives up, and the slice is decoded record by record. */
const needed = (from: string, test = `${from} IS NOT NULL`): string =>
  `CASE WHEN ${test} THEN ${from} ELSE error('no ${from}') END`;

const presence = (from: string): string => needed(from, `${from} IN ('online', 'unavailable', 'offline', 'busy')`);

const place: readonly Column[] = [
  { name: 'log_partition', type: 'INTEGER', from: 'p' },
  { name: 'log_offset', type: 'BIGINT', from: 'o' },
];

const changes: Table = {
  line: `{o: 'BIGINT', v: 'STRUCT(user_id VARCHAR, life INTEGER, version BIGINT, at_ts BIGINT, ${view}, before STRUCT(${view}), cause STRUCT(topic VARCHAR, "offset" BIGINT, timer VARCHAR), applied STRUCT(activity BIGINT, commands BIGINT))'}`,
  columns: [
    ...place,
    { name: 'user_id', type: 'VARCHAR', from: needed('v.user_id') },
    { name: 'life', type: 'INTEGER', from: 'coalesce(v.life, 0)' },
    { name: 'version', type: 'BIGINT', from: needed('v.version', 'v.version >= 1') },
    { name: 'at_ts', type: 'BIGINT', from: needed('v.at_ts') },
    { name: 'presence', type: 'VARCHAR', from: presence('v.presence') },
    { name: 'status_msg', type: 'VARCHAR', from: `nullif(v.status_msg, '')` },
    { name: 'currently_active', type: 'BOOLEAN', from: needed('v.currently_active') },
    { name: 'last_active_ts', type: 'BIGINT', from: 'v.last_active_ts' },
    { name: 'before_presence', type: 'VARCHAR', from: presence('v.before.presence') },
    { name: 'before_status_msg', type: 'VARCHAR', from: `nullif(v.before.status_msg, '')` },
    { name: 'before_currently_active', type: 'BOOLEAN', from: needed('v.before.currently_active') },
    { name: 'before_last_active_ts', type: 'BIGINT', from: 'v.before.last_active_ts' },
    { name: 'cause_topic', type: 'VARCHAR', from: 'v.cause.topic' },
    { name: 'cause_offset', type: 'BIGINT', from: 'v.cause."offset"' },
    { name: 'cause_timer', type: 'VARCHAR', from: 'v.cause.timer' },
    { name: 'applied_activity', type: 'BIGINT', from: 'v.applied.activity' },
    { name: 'applied_commands', type: 'BIGINT', from: 'v.applied.commands' },
  ],
};

const memberships: Table = {
  line: `{o: 'BIGINT', t: 'BIGINT', room_id: 'VARCHAR', user_id: 'VARCHAR', membership: 'VARCHAR'}`,
  columns: [
    ...place,
    { name: 'at_ts', type: 'BIGINT', from: 't' },
    { name: 'room_id', type: 'VARCHAR', from: 'room_id' },
    { name: 'user_id', type: 'VARCHAR', from: 'user_id' },
    { name: 'membership', type: 'VARCHAR', from: 'membership' },
  ],
};

const rooms: Table = {
  line: `{o: 'BIGINT', t: 'BIGINT', room_id: 'VARCHAR', policy: 'VARCHAR'}`,
  columns: [
    ...place,
    { name: 'at_ts', type: 'BIGINT', from: 't' },
    { name: 'room_id', type: 'VARCHAR', from: 'room_id' },
    { name: 'policy', type: 'VARCHAR', from: 'policy' },
  ],
};

export const TABLES: Readonly<Record<TableWord, Table>> = { changes, memberships, rooms };

/** A text as SQL writes it. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A file's name as DuckDB's readers take it: they look for patterns in it. */
export const sqlPath = (path: string): string => sqlText(path.replace(/[*?[]/g, '[$&]'));
