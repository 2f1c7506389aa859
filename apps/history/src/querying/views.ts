// The ready views over an export, in SQL. Invariant: they say what the raw changes say and nothing else; a state that nothing ended
// goes on to the end of what is known; what is known of a user from before the first change comes from that change's `before`.
import { TABLES, type TableWord, sqlPath } from '../exporting/tables.js';

/** The files of an export as absolute paths, by table; a table that was not exported is absent. */
export type TableFiles = Readonly<Partial<Record<TableWord, readonly string[]>>>;

/** Milliseconds: what the views know about. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export type FileFormat = 'parquet' | 'ndjson';

function filesView(table: TableWord, files: readonly string[], format: FileFormat): string {
  const { columns } = TABLES[table];
  if (files.length === 0) {
    return `SELECT ${columns.map(({ name, type }) => `NULL::${type} AS ${name}`).join(', ')} WHERE false`;
  }
  const list = `[${files.map(sqlPath).join(', ')}]`;
  if (format === 'parquet') return `SELECT * FROM read_parquet(${list})`;
  const types = columns.map(({ name, type }) => `${name}: '${type}'`).join(', ');
  return `SELECT * FROM read_ndjson(${list}, columns = {${types}})`;
}

const at = (milliseconds: string): string => `make_timestamptz(${milliseconds} * 1000)`;

/** One row per change and what it showed, from then until the next; in front, what the first change says of the time before it. */
const stretches = `
CREATE VIEW stretches AS
WITH ordered AS (
  SELECT *, lead(at_ts) OVER w AS next_ts, row_number() OVER w AS nth
  FROM changes WINDOW w AS (PARTITION BY user_id ORDER BY life, version)
)
SELECT user_id, life, version, at_ts AS from_ts, next_ts AS to_ts, presence, status_msg, currently_active, last_active_ts
FROM ordered
UNION ALL
SELECT user_id, life, version - 1, NULL, at_ts, before_presence, before_status_msg, before_currently_active, before_last_active_ts
FROM ordered WHERE nth = 1 AND version > 1`;

const sessions = ({ fromMs, toMs }: Span): string => `
CREATE VIEW sessions AS
WITH marked AS (
  SELECT *, (presence IS DISTINCT FROM lag(presence) OVER w OR life IS DISTINCT FROM lag(life) OVER w)::INTEGER AS begins
  FROM stretches WINDOW w AS (PARTITION BY user_id ORDER BY life, version)
), numbered AS (
  SELECT *, sum(begins) OVER (PARTITION BY user_id ORDER BY life, version) AS nth FROM marked
), merged AS (
  SELECT user_id, life, presence, nth, min(version) AS version,
    CASE WHEN bool_or(from_ts IS NULL) THEN NULL ELSE min(from_ts) END AS from_ts,
    CASE WHEN bool_or(to_ts IS NULL) THEN NULL ELSE max(to_ts) END AS to_ts
  FROM numbered GROUP BY user_id, life, presence, nth
)
SELECT user_id, life, version, presence, ${at('from_ts')} AS from_at, ${at('to_ts')} AS to_at, from_ts, to_ts,
  greatest(0, coalesce(to_ts, ${toMs}) - coalesce(from_ts, ${fromMs})) AS duration_ms
FROM merged`;

const asOf = `
CREATE MACRO as_of(t) AS TABLE
SELECT user_id, life, version, presence, status_msg, currently_active, last_active_ts, ${at('from_ts')} AS since
FROM stretches
WHERE (from_ts IS NULL OR ${at('from_ts')} <= t::TIMESTAMPTZ) AND (to_ts IS NULL OR ${at('to_ts')} > t::TIMESTAMPTZ)`;

/** The names within begin with an underscore, so that an argument such as \`user_id\` means the caller's. */
const onlineSeconds = ({ fromMs, toMs }: Span): string => `
CREATE MACRO online_seconds(who, day) AS (
  SELECT coalesce(sum(greatest(0,
    least(_to, epoch_ms((day::DATE + 1)::TIMESTAMPTZ)) - greatest(_from, epoch_ms(day::DATE::TIMESTAMPTZ)))), 0) / 1000
  FROM (
    SELECT user_id AS _who, coalesce(from_ts, ${fromMs}) AS _from, coalesce(to_ts, ${toMs}) AS _to
    FROM sessions WHERE presence = 'online'
  )
  WHERE _who = who
)`;

/** The same for everybody and every day at once: asked user by user, the macro would walk through all sessions each time. */
const onlineDays = ({ fromMs, toMs }: Span): string => `
CREATE VIEW online_days AS
WITH online AS (
  SELECT user_id, coalesce(from_ts, ${fromMs}) AS from_ms, coalesce(to_ts, ${toMs}) AS to_ms
  FROM sessions WHERE presence = 'online' AND duration_ms > 0
), cut AS (
  SELECT *, unnest(generate_series(date_trunc('day', ${at('from_ms')}), ${at('(to_ms - 1)')}, INTERVAL 1 DAY))::DATE AS day
  FROM online
)
SELECT user_id, day,
  sum(least(to_ms, epoch_ms((day + 1)::TIMESTAMPTZ)) - greatest(from_ms, epoch_ms(day::TIMESTAMPTZ))) / 1000 AS seconds
FROM cut GROUP BY user_id, day`;

/** Of presences other than offline: how many began or ended at each instant, and so how many there were. */
const concurrency = ({ fromMs, toMs }: Span): string => {
  const words = ['online', 'unavailable', 'busy'];
  const columns = (shape: (word: string) => string): string => words.map(shape).join(', ');
  return `
CREATE VIEW concurrency AS
WITH steps AS (
  SELECT coalesce(from_ts, ${fromMs}) AS ts, presence, 1 AS step FROM sessions WHERE presence <> 'offline'
  UNION ALL
  SELECT to_ts, presence, -1 FROM sessions WHERE presence <> 'offline' AND to_ts IS NOT NULL
), instants AS (
  SELECT ts, ${columns((word) => `coalesce(sum(step) FILTER (presence = '${word}'), 0) AS ${word}`)} FROM steps GROUP BY ts
), running AS (
  SELECT ts, ${columns((word) => `sum(${word}) OVER (ORDER BY ts) AS ${word}`)} FROM instants
), peaks AS (
  SELECT ts // 60000 * 60000 AS minute_ts, max(online) AS online FROM running GROUP BY ALL
), minutes AS (
  SELECT range AS minute_ts FROM range(${Math.floor(fromMs / 60_000) * 60_000}, ${toMs}, 60000)
)
SELECT ${at('minutes.minute_ts')} AS minute,
  ${columns((word) => `coalesce(running.${word}, 0)::BIGINT AS ${word}`)},
  greatest(coalesce(running.online, 0), coalesce(peaks.online, 0))::BIGINT AS online_peak
FROM minutes
ASOF LEFT JOIN running ON running.ts <= minutes.minute_ts
LEFT JOIN peaks ON peaks.minute_ts = minutes.minute_ts
ORDER BY minutes.minute_ts`;
};

/** A flap: a presence left and taken again within two minutes. */
const flapping = `
CREATE VIEW flapping AS
WITH around AS (
  SELECT *, lag(presence) OVER w AS presence_before, lead(presence) OVER w AS presence_after
  FROM sessions WINDOW w AS (PARTITION BY user_id ORDER BY life, version)
)
SELECT user_id, date_trunc('hour', to_at) AS hour, count(*) AS flaps, min(duration_ms) AS shortest_ms
FROM around
WHERE from_ts IS NOT NULL AND to_ts IS NOT NULL AND presence_before = presence_after AND duration_ms < 120000
GROUP BY ALL HAVING count(*) >= 3`;

const memberships = `
CREATE VIEW memberships AS
SELECT room_id, user_id, membership, ${at('at_ts')} AS at, at_ts
FROM membership_records
QUALIFY row_number() OVER (PARTITION BY room_id, user_id ORDER BY log_offset DESC) = 1`;

const rooms = `
CREATE VIEW rooms AS
SELECT room_id, policy, ${at('at_ts')} AS at, at_ts
FROM room_records
QUALIFY row_number() OVER (PARTITION BY room_id ORDER BY log_offset DESC) = 1`;

export interface ViewOptions {
  readonly files: TableFiles;
  readonly format: FileFormat;
  readonly span: Span;
  /** Several questions will be asked: walks through the changes once, and keeps what they show (DuckDB may spill it). */
  readonly isKept: boolean;
}

/** The statements that make the views, in order. */
export function viewStatements({ files, format, span, isKept }: ViewOptions): readonly string[] {
  const kept = (statement: string): string => (isKept ? statement.replace('CREATE VIEW', 'CREATE TABLE') : statement);
  const statements: string[] = [];
  const known = files.changes ?? [];
  statements.push(`CREATE VIEW change_records AS ${filesView('changes', known, format)}`);
  statements.push(`CREATE VIEW changes AS SELECT *, ${at('at_ts')} AS at FROM change_records`);
  statements.push(`CREATE MACRO known_until() AS ${at(`${span.toMs}::BIGINT`)}`);
  statements.push(
    kept(stretches),
    kept(sessions(span)),
    asOf,
    onlineSeconds(span),
    onlineDays(span),
    concurrency(span),
    flapping,
  );
  if (files.memberships !== undefined) {
    statements.push(
      `CREATE VIEW membership_records AS ${filesView('memberships', files.memberships, format)}`,
      memberships,
    );
  }
  if (files.rooms !== undefined) {
    statements.push(`CREATE VIEW room_records AS ${filesView('rooms', files.rooms, format)}`, rooms);
  }
  return statements;
}
