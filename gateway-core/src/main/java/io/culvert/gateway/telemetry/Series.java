package io.culvert.gateway.telemetry;

import java.util.List;

/**
 * Every series of metrics but those of the JVM. Names have base units, counters end in {@code
 * _total}; label values are of small closed sets, never an address, a port or a flow's number.
 */
enum Series {
    BUILD(Type.INFO, "culvert_build_info", "Which build this is; always 1.", "version", "java"),

    PACKETS_RECEIVED(
            Type.COUNTER,
            "culvert_packets_received_total",
            "Packets from on-ramps and from devices of off-ramps. The sum of those carried,"
                + " answered and dropped, of the fragments that are held and of those undecided."),
    PACKETS(
            Type.COUNTER,
            "culvert_packets_total",
            "What became of packets: of those that came in, carried by a flow, answered by a RST"
                    + " or an ICMP error, or dropped; of those that went out by an on-ramp, sent."
                    + " A packet that was carried and then lost moves to dropped.",
            "direction",
            "outcome"),
    PACKETS_DROPPED(
            Type.COUNTER,
            "culvert_packets_dropped_total",
            "Packets dropped, by reason (docs/reasons.md).",
            "reason"),
    PACKETS_WITHHELD(
            Type.COUNTER,
            "culvert_packets_withheld_total",
            "Packets of targets that did not go out by an on-ramp, by reason: those of a rate.",
            "reason"),
    PACKETS_UNDECIDED(
            Type.GAUGE,
            "culvert_packets_undecided",
            "Packets of flows that plugins are being asked about.",
            "worker"),
    FRAGMENTS_HELD(
            Type.GAUGE,
            "culvert_fragments_held",
            "Fragments that wait for the others of their datagram.",
            "worker"),

    FLOWS(Type.GAUGE, "culvert_flows", "Live flows."),
    FLOWS_LIMIT(Type.GAUGE, "culvert_flows_limit", "Flows that may live at once (limits: flows)."),
    TENANT_FLOWS_LIMIT(
            Type.GAUGE,
            "culvert_tenant_flows_limit",
            "Flows of one tenant that may live at once (limits: flows-per-tenant)."),
    TENANT_FLOWS(
            Type.GAUGE,
            "culvert_tenant_flows",
            "Live flows by tenant. The tenants that were named first have a label of their own, as"
                    + " many as telemetry: tenants says; the rest together are other.",
            "tenant"),
    TENANTS(Type.GAUGE, "culvert_tenants", "Tenants that the configuration or a tunnel named."),
    FLOWS_OPENED(Type.COUNTER, "culvert_flows_opened_total", "Flows opened.", "protocol", "action"),
    FLOWS_REFUSED(
            Type.COUNTER,
            "culvert_flows_refused_total",
            "Packets that would have opened a flow and were refused by policy, a limit or a drain;"
                    + " one that is sent again counts again. A flow that opened and came to"
                    + " nothing, such as a dial that was refused, is among those closed.",
            "reason"),
    POLICY_WOULD_REFUSE(
            Type.COUNTER,
            "culvert_policy_would_refuse_total",
            "Flows that a rule in audit mode would have refused, by the rule's name; a rule that is"
                    + " taken out of the policy takes its count along.",
            "rule"),
    FLOWS_CLOSED(
            Type.COUNTER,
            "culvert_flows_closed_total",
            "Flows ended, by reason (docs/reasons.md).",
            "reason"),
    FLOW_PACKETS(
            Type.COUNTER,
            "culvert_flow_packets_total",
            "IP packets of flows, up from initiators and down from targets: the sum of the flows"
                    + " that have ended and of the live ones.",
            "direction"),
    FLOW_BYTES(
            Type.COUNTER,
            "culvert_flow_bytes_total",
            "Lengths of the IP packets of flows, up from initiators and down from targets, summed"
                    + " as culvert_flow_packets_total is; of datagrams that come by a socket of"
                    + " the host, and of connections that an on-ramp of type tcp accepts, the"
                    + " payload alone.",
            "direction"),

    WORKER_UP(
            Type.GAUGE,
            "culvert_worker_up",
            "1 where the worker answered in time; one that did not has none of the other series"
                    + " with this label.",
            "worker"),
    DIALS(Type.GAUGE, "culvert_dials", "Connects under way.", "worker"),
    RELAYS(Type.GAUGE, "culvert_relays", "Relayed TCP connections.", "worker"),
    DOWNGRADES(
            Type.GAUGE,
            "culvert_downgrades",
            "Upgraded TCP connections that leave as packets again.",
            "worker"),
    ACCEPTED(
            Type.GAUGE,
            "culvert_accepted_connections",
            "TCP connections of on-ramps of type tcp.",
            "worker"),
    ACCEPT_PAUSES(
            Type.COUNTER,
            "culvert_accept_pauses_total",
            "How often a listener of an on-ramp of type tcp accepted nobody for a moment, for want"
                    + " of descriptors or memory.",
            "worker"),
    SLOTS(Type.GAUGE, "culvert_slots", "NAT slots of upgraded TCP connections in use.", "worker"),
    PIPES(Type.GAUGE, "culvert_pipes", "Pipes open for relaying.", "worker"),
    UDP_SESSIONS(Type.GAUGE, "culvert_udp_sessions", "UDP sockets of flows.", "worker"),
    SPARE_SOCKETS(
            Type.GAUGE,
            "culvert_spare_sockets",
            "Sockets made ahead of demand, for connections that leave as packets again.",
            "worker"),

    TUNNELS(
            Type.GAUGE,
            "culvert_tunnels",
            "Tunnels that are connected, or have been heard from where nothing connects."),
    OUTSIDE_PORTS_USED(
            Type.GAUGE,
            "culvert_outside_ports_used",
            "Ports, or identifiers of ICMP queries, of live mappings of a device off-ramp; of all"
                    + " its addresses.",
            "offramp",
            "protocol"),
    OUTSIDE_PORTS_RESTING(
            Type.GAUGE,
            "culvert_outside_ports_resting",
            "The same of mappings that have ended and are held down.",
            "offramp",
            "protocol"),
    OUTSIDE_PORTS_CAPACITY(
            Type.GAUGE, "culvert_outside_ports_capacity", "All of them.", "offramp", "protocol"),

    CONFIGURATION_GENERATION(
            Type.GAUGE,
            "culvert_configuration_generation",
            "The configuration in force: 1 at the start, one more with each that is applied."),
    CONFIGURATION_LAST_RELOAD_SUCCESSFUL(
            Type.GAUGE,
            "culvert_configuration_last_reload_successful",
            "1 where the last configuration given was applied, 0 where it was refused."),
    CONFIGURATION_LAST_RELOAD_TIMESTAMP(
            Type.GAUGE,
            "culvert_configuration_last_reload_timestamp_seconds",
            "When that was, in seconds since 1970."),

    FLOW_LOG_RECORDS(
            Type.COUNTER,
            "culvert_flow_log_records_total",
            "Records written to the flow log.",
            "record"),
    FLOW_LOG_RECORDS_DROPPED(
            Type.COUNTER,
            "culvert_flow_log_records_dropped_total",
            "Records that the flow log should have and has not: queue, the writer was behind; disk,"
                    + " it could not write; rate, more flows were refused in a second than are"
                    + " recorded; repeated, the same flow was refused again within ten seconds.",
            "cause"),
    AUDIT_LOG_FAILURES(
            Type.COUNTER,
            "culvert_audit_log_failures_total",
            "Administrative actions that could not be recorded."),
    HOOK_SECONDS(
            Type.HISTOGRAM,
            "culvert_hook_seconds",
            "How long plugins' hooks took, whether or not anybody still waited.",
            "plugin",
            "hook"),
    HOOK_FAILURES(
            Type.COUNTER,
            "culvert_hook_failures_total",
            "Calls of hooks that threw, or whose answer cannot be.",
            "plugin",
            "hook"),
    HOOK_TIMEOUTS(
            Type.COUNTER,
            "culvert_hook_timeouts_total",
            "Calls of hooks that did not come back in time.",
            "plugin",
            "hook"),

    TLS_HANDSHAKES(
            Type.COUNTER,
            "culvert_tls_handshakes_total",
            "Handshakes of TLS, with clients (server) and with upstreams (client): tls12 and tls13"
                + " are done; alert, the other side did not want it; certificate, its certificate"
                + " is missing or not believed; closed; timeout; not_tls; other.",
            "side",
            "outcome"),
    TLS_CERTIFICATE_NOT_AFTER(
            Type.GAUGE,
            "culvert_tls_certificate_not_after_timestamp_seconds",
            "When a certificate of the configuration ends, in seconds since 1970; by its file.",
            "certificate"),
    TLS_CERTIFICATE_RELOADS(
            Type.COUNTER,
            "culvert_tls_certificate_reloads_total",
            "Times that files of certificates had changed: read, or failed, and those before stay"
                    + " in force.",
            "outcome"),
    TLS_MINTED(
            Type.COUNTER,
            "culvert_tls_certificates_minted_total",
            "Certificates minted for inspection."),
    TLS_INSPECTION_REFUSED(
            Type.COUNTER,
            "culvert_tls_inspection_refused_total",
            "Clients that said that they do not believe a minted certificate."),
    TLS_INSPECTION_PASSED(
            Type.COUNTER,
            "culvert_tls_inspection_passed_total",
            "Connections let through undecrypted where others are inspected."),
    UPSTREAM_REQUESTS(
            Type.COUNTER,
            "culvert_upstream_requests_total",
            "Requests sent to servers of an upstream, retries among them.",
            "upstream"),
    UPSTREAM_RETRIES(
            Type.COUNTER,
            "culvert_upstream_retries_total",
            "Requests that were sent once more, after another server, or the same, had failed.",
            "upstream"),
    UPSTREAM_FAILURES(
            Type.COUNTER,
            "culvert_upstream_failures_total",
            "Requests that failed at a server: connect, no connection came about; tls; closed,"
                    + " before the answer was whole; timeout; protocol, the answer is none;"
                    + " unavailable, status 502, 503 or 504.",
            "upstream",
            "kind"),
    UPSTREAM_REFUSED(
            Type.COUNTER,
            "culvert_upstream_refused_total",
            "Requests for which an upstream had no server, by reason (docs/reasons.md).",
            "upstream",
            "reason"),
    UPSTREAM_EJECTIONS(
            Type.COUNTER,
            "culvert_upstream_ejections_total",
            "Times that a server was left alone for a while since requests failed.",
            "upstream"),
    UPSTREAM_CHECKS(
            Type.COUNTER,
            "culvert_upstream_checks_total",
            "Health checks: well or failed.",
            "upstream",
            "outcome"),
    UPSTREAM_SERVERS(
            Type.GAUGE,
            "culvert_upstream_servers",
            "Servers of an upstream: healthy; down, health checks fail; ejected, requests failed.",
            "upstream",
            "state"),
    UPSTREAM_PANIC(
            Type.GAUGE,
            "culvert_upstream_panic",
            "1 where so few servers are healthy that all are used.",
            "upstream"),
    UPSTREAM_LIVE(Type.GAUGE, "culvert_upstream_live_requests", "Requests at servers.", "upstream"),
    UPSTREAM_CONNECTIONS(
            Type.GAUGE,
            "culvert_upstream_connections",
            "Connections to servers, in use or kept for the next request.",
            "upstream"),
    HTTP_REQUESTS(
            Type.COUNTER,
            "culvert_http_requests_total",
            "HTTP requests that are over, by the client's version of HTTP and the status that it"
                    + " got: 1xx (a tunnel) to 5xx, none.",
            "version",
            "status"),
    HTTP_REFUSED(
            Type.COUNTER,
            "culvert_http_refused_total",
            "Requests and connections of HTTP that ended otherwise than with a server's whole"
                    + " answer, by reason (docs/reasons.md).",
            "reason"),
    HTTP_UPSTREAM_CONNECTS(
            Type.COUNTER,
            "culvert_http_upstream_connects_total",
            "Connections to servers that requests had to wait for."),
    HTTP_UPSTREAM_REUSES(
            Type.COUNTER,
            "culvert_http_upstream_reuses_total",
            "Requests that got a connection which was there already."),
    HTTP_UPSTREAM_MOVES(
            Type.COUNTER,
            "culvert_http_upstream_moves_total",
            "Kept connections that one worker took from another."),
    HTTP_UPSTREAM_STALE(
            Type.COUNTER,
            "culvert_http_upstream_stale_total",
            "Kept connections whose server had closed them when a request came."),
    HTTP_UPSTREAM_IDLE(
            Type.GAUGE,
            "culvert_http_upstream_idle_connections",
            "Connections of HTTP/1 that are kept for the next request."),
    ACCESS_LOG_RECORDS(
            Type.COUNTER,
            "culvert_access_log_records_total",
            "Records of the access log: written, or missing since the disk was too slow or did not"
                    + " take them.",
            "outcome");

    /** How a series behaves. */
    enum Type {
        COUNTER,
        GAUGE,
        INFO,
        HISTOGRAM
    }

    private final Type type;
    private final String title;
    private final String help;

    /** With commas in between. */
    private final String labels;

    Series(Type type, String title, String help, String... labels) {
        this.type = type;
        this.title = title;
        this.help = help;
        this.labels = String.join(",", labels);
    }

    Type type() {
        return type;
    }

    /** The name that it is scraped by. */
    String title() {
        return title;
    }

    String help() {
        return help;
    }

    List<String> labels() {
        return labels.isEmpty() ? List.of() : List.of(labels.split(",", -1));
    }
}
