"""Answers of the history computed from the raw records of presence.changes alone, with nothing but Python: what the commands' answers
are held against. Reads NDJSON ({"key":…,"value":…}, in the order of the log, all partitions) from the file named first, and the
questions as JSON from the second; prints the answers as JSON."""
import json
import sys

DAY_MS, MINUTE_MS = 86_400_000, 60_000


def read_lives(path):
    """Of every user who may be shown the changes of the current life, in order."""
    changes = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            change = json.loads(record["value"])
            user = record["key"]
            if change["type"] == "presence.forgotten":
                changes.pop(user, None)
            else:
                changes.setdefault(user, []).append(change)
    return changes


def as_of(lives, at):
    shown = {}
    for user, changes in lives.items():
        known = [change for change in changes if change["at_ts"] <= at]
        if known:
            last = known[-1]
            names = ("presence", "status_msg", "currently_active", "last_active_ts", "version")
            shown[user] = {name: last[name] for name in names if name in last}
            shown[user]["since_ts"] = last["at_ts"]
    return shown


def stretches(changes, until):
    """From, to and presence; the last one is open up to `until`."""
    ends = [change["at_ts"] for change in changes[1:]] + [until]
    return [(change["at_ts"], max(change["at_ts"], end), change["presence"]) for change, end in zip(changes, ends)]


def online_seconds(lives, until):
    """By user and UTC day, days without any left out."""
    sums = {}
    for user, changes in lives.items():
        for start, end, presence in stretches(changes, until):
            while presence == "online" and start < end:
                day = start // DAY_MS
                cut = min(end, (day + 1) * DAY_MS)
                key = f"{user} {day}"
                sums[key] = sums.get(key, 0) + cut - start
                start = cut
    return {key: ms / 1000 for key, ms in sums.items()}


def concurrency(lives, first, until):
    """Minute by minute how many showed what when it began."""
    counts = []
    for minute in range(first // MINUTE_MS * MINUTE_MS, until, MINUTE_MS):
        shown = [view["presence"] for view in as_of(lives, minute).values()]
        counts.append([minute] + [shown.count(word) for word in ("online", "unavailable", "busy")])
    return counts


def durations(changes, start, end):
    """Of one user, milliseconds in each presence within a window."""
    sums = {}
    for begun, ended, presence in stretches(changes, end):
        ms = min(ended, end) - max(begun, start)
        if ms > 0:
            sums[presence] = sums.get(presence, 0) + ms
    return sums


def main():
    lives = read_lives(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        asked = json.load(file)
    until = asked["until"]
    first = min(changes[0]["at_ts"] for changes in lives.values())
    answers = {
        "users": sorted(lives),
        "first": first,
        "as_of": [as_of(lives, at) for at in asked["moments"]],
        "online_seconds": online_seconds(lives, until),
        "concurrency": concurrency(lives, first, until),
        "durations": {
            user: [durations(changes, start, end) for start, end in asked["windows"]] for user, changes in lives.items()
        },
    }
    json.dump(answers, sys.stdout)


main()
