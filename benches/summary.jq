# From samples, one line a measurement, to the results: medians with their range, and ratios round by round.
def median: sort | length as $n
    | if $n % 2 == 1 then .[($n - 1) / 2] else (.[$n / 2 - 1] + .[$n / 2]) / 2 end;
def spread: if length == 0 then null else {median: median, min: min, max: max, samples: length} end;
def of($candidate; $measurement): map(select(.candidate == $candidate and .measurement == $measurement));
def present: with_entries(select(.value != null));

def candidates: ["routing", "masquerade", "haproxy", "haproxy-auto", "pasta", "slirp4netns", "culvert-veth", "culvert-direct", "culvert-seqpacket", "culvert-gue", "culvert-forward", "culvert-no-hooks", "culvert-hooks", "nginx-http", "haproxy-http", "culvert-http", "culvert-tcp-http"];
def titles: {
    routing: "kernel routing", masquerade: "nft masquerade", haproxy: "HAProxy TPROXY, splice always", "haproxy-auto": "HAProxy TPROXY, splice-auto",
    pasta: "pasta, MTU 65520", slirp4netns: "slirp4netns, MTU 65520",
    "culvert-veth": "Culvert over a veth", "culvert-direct": "Culvert in the client", "culvert-seqpacket": "Culvert, seqpacket tunnel, MTU 65520", "culvert-gue": "Culvert, GUE tunnel", "culvert-forward": "Culvert forwarding, NAT", "culvert-no-hooks": "Culvert, by turns without rules and hooks", "culvert-hooks": "Culvert, by turns with 1,000 rules, 3 hooks",
    "nginx-http": "nginx, HTTP proxy", "haproxy-http": "HAProxy, HTTP proxy", "culvert-http": "Culvert, HTTP proxy of IP flows", "culvert-tcp-http": "Culvert, HTTP proxy on a port"
};
# Processor time is shown per so much work: in seconds times `per` over the units of work.
def measurements: [
    {name: "up", title: "Bulk TCP up", unit: "Gb/s", per: 1e9, each: "s/GB"},
    {name: "down", title: "Bulk TCP down", unit: "Gb/s", per: 1e9, each: "s/GB"},
    {name: "up8", title: "Bulk TCP up, 8 streams", unit: "Gb/s", per: 1e9, each: "s/GB"},
    {name: "keepalive", title: "Requests, keep-alive", unit: "requests/s", per: 1e6, each: "µs/request"},
    {name: "close", title: "Requests, a connection each", unit: "requests/s", per: 1e6, each: "µs/request"},
    {name: "udp", title: "UDP, 64 bytes", unit: "kpps", per: 1e6, each: "µs/datagram"}
];
# Those whose packets come by a tunnel, and are held to what the on-ramp of type tun does.
def tunnels: ["culvert-seqpacket", "culvert-gue"];
# Of a proxy's requests, at least so many percent go by a connection to the server that was there already.
def reuse: 99.9;
# What Culvert is held to: so many times what a peer did in the same round.
def bars: [
    ["bar", "up", "haproxy-auto", 1.3], ["bar", "down", "haproxy-auto", 1.3], ["bar", "up", "haproxy", 1.3], ["bar", "down", "haproxy", 1.3],
    ["bar", "up", "slirp4netns", 2], ["bar", "down", "slirp4netns", 2],
    ["bar", "keepalive", "slirp4netns", 1], ["bar", "keepalive", "pasta", 1],
    ["bar", "close", "slirp4netns", 1], ["bar", "close", "pasta", 1],
    ["bar", "udp", "pasta", 1],
    ["bar", "up", "culvert-direct", 0.5], ["bar", "down", "culvert-direct", 0.5], ["bar", "udp", "culvert-direct", 1],
    ["hooks", "close", "culvert-no-hooks", 0.95], ["hooks", "keepalive", "culvert-no-hooks", 0.95], ["hooks", "up", "culvert-no-hooks", 0.95],
    ["http", "keepalive", "nginx-http", 0.7], ["http", "close", "nginx-http", 0.7],
    ["http", "keepalive", "haproxy-http", 0.7], ["http", "close", "haproxy-http", 0.7],
    ["bar", "up", "masquerade", 0.8], ["bar", "down", "masquerade", 0.8], ["bar", "udp", "masquerade", 0.8],
    ["goal", "up", "masquerade", 0.9], ["goal", "down", "masquerade", 0.9],
    ["goal", "keepalive", "haproxy", 1], ["goal", "close", "haproxy", 1],
    ["goal", "udp", "masquerade", 1]
];

# by_round($samples; ...): what each round measured, by its number; the mean where it did so several times.
def by_round($samples; $candidate; $measurement):
    $samples | of($candidate; $measurement) | group_by(.round)
    | map({key: (.[0].round | tostring), value: (map(.value) | add / length)}) | from_entries;

# ratio($samples; ...): the two are divided within each round, so that a drift of the machine touches both.
def ratio($samples; $candidate; $peer; $measurement):
    by_round($samples; $peer; $measurement) as $base
    | [by_round($samples; $candidate; $measurement) | to_entries[] | select($base[.key]) | .value / $base[.key]]
    | spread;

. as $samples
| $about + {
    method: [
        "Three network namespaces, client, gateway and server, joined by veth pairs of MTU 1500; made anew for each candidate in each round.",
        "pasta, slirp4netns and Culvert with its device in the client have no veth to the client; their devices have MTU 65520, 65520 and 1500, the seqpacket tunnel of Culvert 65520.",
        "A tunnel of Culvert\u0027s has the same device in the client, which a process there, `culvert connect`, joins to the gateway: one packet of at most 1500 bytes a message, or in GUE over a veth, a little less. Its processor time is shown beside the gateway\u0027s.",
        "Each round measures every candidate once, after 7 s of warming up, and begins with another candidate.",
        "A figure is the median of \($about.rounds) rounds and (lowest to highest).",
        "Bulk: iperf3 -t \($about.seconds) -O 1, with -R for down and -P 8 for 8 streams; what the receiver got.",
        "Rules and hooks: one process, which is told to reload by turns: with them, without, without, with, each for \($about.seconds) s. Two processes that are the same differ by up to a fifth in new connections.",
        "Requests: wrk -t1 -c64 -d\($about.seconds)s after one second that does not count, against one nginx worker that returns 6 bytes; with `Connection: close` for a connection each.",
        "UDP: iperf3 -u -b 0 -l 64 -t \($about.seconds) after one second that does not count; datagrams that the server\u0027s socket delivered, upgraded to sockets by Culvert.",
        "Processor time: of the whole system from /proc/stat, which has both servers and clients in it, and of the gateway\u0027s process from /proc/PID/stat.",
        "Before a candidate counts, the server must see its connections from the right address, and Culvert\u0027s flows must show them as upgraded.",
        "Proxies of HTTP have one worker each and keep connections to the server; what comes of one that is not HTTP is routed past it.",
        "Requests that opened none: 100 % less the connections that the server\u0027s kernel took (PassiveOpens) for each hundred requests counted, the first second\u0027s not among them.",
        "HAProxy, where it is none, has one thread a processor and is measured twice: splicing bulk always, and by splice-auto, which here copies; all else has its defaults."
    ],
    titles: titles,
    busy: ([$samples[] | select(.measurement == "busy") | .value] | spread),
    measurements: [measurements[] as $m | {
        name: $m.name, title: $m.title, unit: $m.unit, cpu_unit: $m.each,
        candidates: (reduce candidates[] as $c ({}; . + {($c): ($samples | of($c; $m.name) | if length == 0 then null else {
            rate: (map(.value) | spread),
            system_cpu: (map(.system_cpu / .work * $m.per) | spread),
            gateway_cpu: (map(select(.gateway_cpu > 0) | .gateway_cpu / .work * $m.per) | spread),
            joiner_cpu: (map(select(.joiner_cpu > 0) | .joiner_cpu / .work * $m.per) | spread),
            carried: (map(select(.sent > 0) | (.work + .overflowed) / .sent * 100) | spread),
            p50_us: (map(.p50_us | numbers) | spread),
            p99_us: (map(.p99_us | numbers) | spread),
            failed: (map(.failed | numbers) | add),
            reused: (if $c | endswith("-http") then map(select(.opened) | 100 * (1 - .opened / .work)) | spread
                | if . then . + {met: (.median >= reuse)} else . end else null end)
        } | present end)}) | present)
    }],
    bars: [bars[] as [$kind, $measurement, $peer, $factor]
        | {kind: $kind, measurement: $measurement, peer: $peer, factor: $factor}
        + (reduce (if $kind == "hooks" then "culvert-hooks"
                   elif $kind == "http" then "culvert-http", "culvert-tcp-http"
                   elif $peer == "culvert-direct" then tunnels[]
                   elif $peer == "masquerade" and $kind == "bar" then "culvert-forward"
                   else "culvert-veth", "culvert-direct", "culvert-forward" end) as $c ({};
            ratio($samples; $c; $peer; $measurement) as $r
            | if $r then . + {($c): ($r + {met: ($r.median >= $factor)})} else . end))
        | select(any(keys_unsorted[]; startswith("culvert-")))],
    memory: (reduce candidates[] as $c ({}; . + {($c): ({
        started: ($samples | of($c; "memory_started") | map(.value) | spread),
        loaded: ($samples | of($c; "memory_loaded") | map(.value) | spread),
        heap_used: ($samples | of($c; "heap_used") | map(.value) | spread),
        heap_committed: ($samples | of($c; "heap_committed") | map(.value) | spread)
    } | present | if . == {} then null else . end)}) | present),
    start: ({
        ready: ($samples | of("culvert"; "ready") | map(.value) | spread),
        exec: ($samples | of("culvert"; "exec") | map(.value) | spread),
        pasta_exec: ($samples | of("pasta"; "exec") | map(.value) | spread)
    } | present),
    jmh: [$jmh[0][] | {
        benchmark: (.benchmark | split(".") | .[-2:] | join(".")), mode: .mode,
        params: (.params // {}),
        score: .primaryMetric.score, error: .primaryMetric.scoreError, unit: .primaryMetric.scoreUnit,
        allocated: (.secondaryMetrics // {} | to_entries | map(select(.key | test("gc.alloc.rate.norm")))[0].value.score)
    } | present]
}
