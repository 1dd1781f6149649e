#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What dmasync-exporter serves, read by the parsers of Prometheus' own client library.

usage: scrape.py PORT openmetrics|text     one JSON array: an object for each sample
       scrape.py PORT known FILE...        do all metrics that the files name exist?
"""

import json
import re
import sys
import urllib.request

from prometheus_client import parser as text
from prometheus_client.openmetrics import parser as openmetrics

ACCEPT = {
    "openmetrics": "application/openmetrics-text; version=1.0.0",
    "text": "text/plain; version=0.0.4",
}
PARSE = {
    "openmetrics": openmetrics.text_string_to_metric_families,
    "text": text.text_string_to_metric_families,
}


def get(port, form):
    """The page, which has to be of the format that was asked for."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics",
                                     headers={"Accept": ACCEPT[form]})
    with urllib.request.urlopen(request, timeout=60) as answer:
        kind = answer.headers["Content-Type"]
        if not kind.startswith(ACCEPT[form]):
            sys.exit(f"asked for {form}, got {kind}")
        return answer.read().decode("utf-8")


def samples(port, form):
    """All samples, and the family that each belongs to."""
    return [{"name": sample.name, "type": family.type, "unit": family.unit,
             "help": family.documentation, "labels": sample.labels, "value": sample.value}
            for family in PARSE[form](get(port, form)) for sample in family.samples]


def expressions(part):
    """All expressions of PromQL in rules or a dashboard."""
    if isinstance(part, list):
        return [found for each in part for found in expressions(each)]
    if not isinstance(part, dict):
        return []
    own = [part[key] for key in ("expr", "query") if isinstance(part.get(key), str)]
    return own + [found for each in part.values() for found in expressions(each)]


def unknown(port, path):
    """Metrics in a file that are not in a scrape; JSON is YAML, too."""
    import yaml

    with open(path, encoding="utf-8") as file:
        queries = expressions(yaml.safe_load(file))
    if not queries:
        return ["no expression at all"]
    there = {sample["name"] for sample in samples(port, "openmetrics")}
    named = {name for query in queries
             for name in re.findall(r"\b(?:dmabuf_sync|process)_[a-z_]+\b", query)}
    return sorted(named - there)


def main():
    port, form, *paths = sys.argv[1:]
    if form == "known":
        missing = [f"{path}: {name}" for path in paths for name in unknown(port, path)]
        print("\n".join(missing))
        sys.exit(bool(missing))
    print(json.dumps(samples(port, form)))


main()
