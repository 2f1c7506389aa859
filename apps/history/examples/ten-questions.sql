-- The ten questions that an analyst asks first. Each stands alone: paste it into a notebook, or run all of them with
--   npm run -s rollcall -- query --export history --file apps/history/examples/ten-questions.sql

-- 1. Who is online now, and since when?
SELECT user_id, since, status_msg
FROM as_of(known_until())
WHERE presence = 'online'
ORDER BY user_id;

-- 2. How many were online at once at most, and in which minute?
SELECT minute, online_peak
FROM concurrency
ORDER BY online_peak DESC, minute
LIMIT 1;

-- 3. How long does somebody stay online? (stretches that have ended)
SELECT count(*) AS stretches, avg(duration_ms) / 1000 AS average_seconds, median(duration_ms) / 1000 AS median_seconds
FROM sessions
WHERE presence = 'online' AND from_ts IS NOT NULL AND to_ts IS NOT NULL;

-- 4. Who flaps, and in which hours?
SELECT user_id, hour, flaps, shortest_ms
FROM flapping
ORDER BY flaps DESC, user_id, hour;

-- 5. How many different users are seen online each day?
SELECT day, count(*) AS users
FROM online_days
GROUP BY day
ORDER BY day;

-- 6. Of the time in which users are there at all, how much are they idle?
SELECT sum(duration_ms) FILTER (presence = 'unavailable') / sum(duration_ms) AS idle_share
FROM sessions
WHERE presence <> 'offline';

-- 7. Which hours of the day are the busiest? (users online on average)
SELECT hour(minute) AS hour, avg(online) AS online
FROM concurrency
GROUP BY ALL
ORDER BY online DESC, hour;

-- 8. How many seconds was each user online, day by day? (of one user: SELECT online_seconds('@alice:hs', '2026-11-25'))
SELECT user_id, day, seconds
FROM online_days
ORDER BY user_id, day;

-- 9. Which status messages are in use, and how often?
SELECT status_msg, count(*) AS users
FROM as_of(known_until())
WHERE status_msg IS NOT NULL
GROUP BY ALL
ORDER BY users DESC, status_msg;

-- 10. What were the longest stretches online, those that go on included?
SELECT user_id, from_at, to_at, duration_ms / 1000 AS seconds
FROM sessions
WHERE presence = 'online'
ORDER BY duration_ms DESC, user_id, from_at
LIMIT 10;
