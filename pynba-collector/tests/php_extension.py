"""Runs PHP against `pynba listen --json` and `pynba report --json`, and checks what they say."""

import json
import subprocess
import sys
from pathlib import Path

PYNBA = sys.argv[1]
SCRIPT = Path(__file__).with_name("php_extension.php")
PACKETS = 3


def start(*args):
    """A command that listens at a port of the system's choice."""
    command = [PYNBA, *args, "--listen", "127.0.0.1:0", "--for", "30s"]
    pynba = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = pynba.stderr.readline()
    assert line.startswith("pynba: listening on "), line
    return pynba, line.split()[-1]


def php(server):
    settings = {"pinba.enabled": 1, "pinba.auto_flush": 1, "pinba.server": server}
    options = [part for name, value in settings.items() for part in ("-d", f"{name}={value}")]
    run = subprocess.run(["php8.2", *options, SCRIPT], capture_output=True, text=True, check=True)
    return json.loads(run.stdout) | {"bytes": len(run.stdout)}


def end(pynba):
    out, err = pynba.communicate(timeout=60)
    print(err, end="", file=sys.stderr)
    assert pynba.returncode == 0, pynba.returncode
    assert " 0 invalid, 0 lost by the kernel" in err, err
    return out


def near(number, expected, tolerance=1e-6):
    assert abs(number - expected) <= expected * tolerance, f"{number} instead of {expected}"


def listen():
    pynba, server = start("listen", "--json", "--count", str(PACKETS))
    said = php(server)
    requests = [json.loads(line) for line in end(pynba).splitlines()]
    for request in requests:
        print(json.dumps(request, ensure_ascii=False))
    assert [request["script_name"] for request in requests] == ["/checkout", "/nightly/import", "/checkout"]
    for request in requests:
        assert (request["hostname"], request["server_name"], request["schema"]) == ("web1", "shop", "https")
        assert request["request_count"] == 0, "the extension says 0"
        assert request["memory_peak"] > 100_000 and request["memory_footprint"] > 100_000
        assert 0 <= request["ru_utime"] + request["ru_stime"] < 30

    first, second, last = requests
    assert [request["document_size"] for request in requests] == [0, 0, said["bytes"]]
    # The time of a request goes on after a plain flush.
    assert 0.03 < first["request_time"] < second["request_time"] < last["request_time"] < 30
    assert sorted(first["tags"]) == [["country", "fr"], ["plan", "free"]]
    assert second["tags"] == last["tags"] == [["plan", "free"]]

    def timers(request):
        return {tuple(map(tuple, timer["tags"])): timer for timer in request["timers"]}

    of_first = timers(first)
    assert len(of_first) == len(first["timers"]) == 4
    select = of_first[("group", "db"), ("op", "select")]
    assert (select["hit_count"], select["value"]) == (2, 0.375)
    cache = of_first[("group", "cache"), ("op", "größe")]
    assert (cache["hit_count"], cache["value"]) == (1, 0.5)
    mail = of_first[(("group", "mail"),)]
    assert mail["hit_count"] == 7
    near(mail["value"], said["mail"])
    render = of_first[(("group", "render"),)]
    assert render["hit_count"] == 1 and 0.01 <= render["value"] < first["request_time"]

    [stopped] = second["timers"]
    assert (stopped["tags"], stopped["value"]) == ([["group", "db"]], 2.0)
    [later] = last["timers"]
    assert later["tags"] == [["group", "later"]] and 0.005 <= later["value"] < 30


def report():
    by = ["--by", "script", "--by", "@group", "--by", "+country"]
    pynba, server = start("report", "--json", "--sort", "key", "--requests", str(PACKETS), *by)
    said = php(server)
    document = json.loads(end(pynba))
    by_script, by_group, by_country = document["reports"]

    def show(report):
        for row in report["rows"]:
            figures = ("requests", "hits", "time", "p50", "p95", "max", "user_time", "memory_footprint")
            print(row["key"], {name: row[name] for name in figures})

    for table in document["reports"]:
        show(table)
    assert document["total"]["requests"] == PACKETS
    rows = {row["key"]["script"]: row for row in by_script["rows"]}
    assert {script: row["requests"] for script, row in rows.items()} == {"/checkout": 2, "/nightly/import": 1}
    near(sum(row["time"] for row in rows.values()), document["total"]["time"])

    rows = {row["key"]["@group"]: row for row in by_group["rows"]}
    assert set(rows) == {"db", "cache", "mail", "render", "later"}
    assert (rows["db"]["requests"], rows["db"]["hits"]) == (2, 3)
    near(rows["db"]["time"], 2.375)
    # Two hits with 0.375 s together, and one of 2 s.
    near(rows["db"]["p50"], 0.1875, 0.01)
    near(rows["db"]["max"], 2.0)
    assert (rows["mail"]["hits"], rows["mail"]["requests"]) == (7, 1)
    near(rows["mail"]["time"], said["mail"])
    near(rows["mail"]["p95"], said["mail"] / 7, 0.01)
    near(rows["cache"]["p99"], 0.5, 0.01)

    [row] = by_country["rows"]
    assert (row["key"], row["requests"]) == ({"+country": "fr"}, 1)


listen()
report()
print("the PHP extension's packets come out right")
