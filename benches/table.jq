# From the results to a page of Markdown.
def digits: if . >= 100 then round elif . >= 10 then . * 10 | round / 10 else . * 100 | round / 100 end;
def shown($unit): if $unit == "requests/s" then . / 1000 | digits | "\(.) k" else digits | tostring end;
def figure($unit): if . == null then "–" elif .samples == 1 then .median | shown($unit)
    else "\(.median | shown($unit)) (\(.min | shown($unit))–\(.max | shown($unit)))" end;
def figure: figure("");
# Three places, for what is almost all.
def percent: . * 1000 + 1e-6 | floor / 1000;
def row: "| " + join(" | ") + " |";
def heading: row, (map("---") | row);
def verdict: if . == null then "–" else "\(figure) × \(if .met then "met" else "**missed**" end)" end;

. as $run
| ([.measurements[].candidates | keys_unsorted[]] | unique) as $seen
| [.titles | keys_unsorted[] | select(IN($seen[]))] as $candidates
| "# Culvert and its peers, side by side",
"",
"\(.machine.processors) × \(.machine.cpu), \(.machine.memory), \(.machine.kernel), \(.machine.system). \(.rounds) rounds, \(.finished).",
"\(.versions.culvert) on Java \(.versions.java); HAProxy \(.versions.haproxy), passt \(.versions.passt), slirp4netns \(.versions.slirp4netns).",
(if .busy then "While nothing was measured, something else kept \(.busy | figure) of \(.machine.processors) processors busy"
    + (if .busy.median > 0.2 then ": **the machine was not quiet**, these figures say little." else "." end) else empty end),
"",
"![The same as a chart](latest.svg)",
"",
"## Rates",
"",
(["candidate"] + [.measurements[] | "\(.title), \(if .unit == "requests/s" then "per s" else .unit end)"] | heading),
($candidates[] as $c | [$run.titles[$c]] + [$run.measurements[] | .unit as $u | .candidates[$c].rate | figure($u)] | row),
"",
"## Bars",
"",
"Culvert\u0027s rate over the peer\u0027s, divided within each round. Bars are for now, goals for later.",
"",
([$candidates[] | select(startswith("culvert-"))]) as $ours
| (["what", "measurement", "at least"] + [$ours[] | $run.titles[.]] | heading),
(.bars[] | . as $bar | [.kind, .measurement, "\(.factor) × \(.peer)"] + [$ours[] | $bar[.] | verdict] | row),
(if .start.ready then ["bar", "start to `ready`", "1000 ms at most",
    "\(.start.ready | figure) ms \(if .start.ready.median <= 1000 then "met" else "**missed**" end)"] + [$ours[1:][] | ""] | row else empty end),
"",
"## Processor time",
"",
"Of the whole system; after a stroke of the gateway\u0027s process alone, and after another of `culvert connect` in the client.",
"",
(["candidate"] + [.measurements[] | "\(.name), \(.cpu_unit)"] | heading),
($candidates[] as $c | [$run.titles[$c]] + [$run.measurements[].candidates[$c]
    | if . == null then "–" else [.system_cpu, .gateway_cpu, .joiner_cpu | values | .median | digits | tostring] | join(" / ") end] | row),
"",
"## Time of a request",
"",
"Median and 99th percentile in ms, with 64 connections.",
"",
(["candidate", "keep-alive", "a connection each", "failed"] | heading),
($candidates[] as $c | [$run.measurements[] | select(.name == "keepalive" or .name == "close") | .candidates[$c]] as $r
    | [$run.titles[$c]]
    + [$r[] | if .p50_us then "\(.p50_us.median / 1000 | digits) / \(.p99_us.median / 1000 | digits)" else "–" end]
    + [[$r[].failed // 0] | add // 0 | tostring] | select(length == 4) | row),
"",
(if any(.measurements[].candidates[]; .reused) then
    "## Connections to the server",
    "",
    "Of the requests to a proxy of HTTP, how many percent went by a connection that was there already; 99.9 is the bar for Culvert.",
    "",
    (["candidate", "keep-alive", "a connection each"] | heading),
    ($candidates[] | select(endswith("-http")) as $c
        | [$run.titles[$c]] + [$run.measurements[] | select(.name == "keepalive" or .name == "close") | .candidates[$c].reused
            | if . == null then "–" else "\(.median | percent) (\(.min | percent)–\(.max | percent))"
                + (if $c | startswith("culvert-") then if .met then " met" else " **missed**" end else "" end) end]
        | select(length == 3) | row),
    ""
else empty end),
(if any(.measurements[]; .name == "udp") then
    "## Datagrams carried",
    "",
    "Of those the client sent, how many came to the server\u0027s socket, full or not. What is missing in the rate above but came so far\nwas lost to the server\u0027s speed and not to the candidate\u0027s.",
    "",
    (["candidate", "carried, %"] | heading),
    (.measurements[] | select(.name == "udp") | .candidates | to_entries[]
        | [$run.titles[.key], (.value.carried | figure)] | row),
    ""
else empty end),
"## Memory, MiB",
"",
(["candidate", "resident, started", "resident, most", "Java heap used", "Java heap committed"] | heading),
(.memory | to_entries[] | .key as $c | .value
    | [$run.titles[$c], (.started | figure), (.loaded | figure), (.heap_used | figure), (.heap_committed | figure)] | row),
"",
"## Start, ms",
"",
(["what", "median (range)"] | heading),
(["`culvert run` to `ready`", (.start.ready | figure)] | row),
(["`culvert exec -- true`", (.start.exec | figure)] | row),
(["`pasta -- true`", (.start.pasta_exec | figure)] | row),
"",
(if .jmh == [] then empty else
    "## JMH",
    "",
    (["benchmark", "score", "allocated, B"] | heading),
    (.jmh[] | [.benchmark + (.params | to_entries | map(" \(.key)=\(.value)") | join("")),
        "\(.score | digits) ± \(.error | numbers | digits) \(.unit)", (.allocated | if . then digits | tostring else "–" end)] | row),
    ""
end),
"## Method",
"",
(.method[] | "- \(.)")
