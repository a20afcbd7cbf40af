package io.culvert.gateway.upstream.dns;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.dns.DefaultDnsRecordDecoder;
import io.netty.handler.codec.dns.DnsRawRecord;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Reads what a name server answered. */
final class Answers {
    /** Beyond it a chain of aliases is a loop, or nobody's honest work. */
    static final int MOST_ALIASES = 16;

    /** RFC 2308 section 5: without an SOA a negative answer should not be kept. */
    private static final Duration UNKNOWN = Duration.ZERO;

    private Answers() {}

    /**
     * What the answer comes to.
     *
     * @param alias where the chain of aliases ends without the server saying more: to be asked for
     *     next
     */
    record Read(NameAnswer answer, Optional<String> alias, Duration aliasLifetime) {}

    /**
     * Reads it.
     *
     * @return a failed one where another server may know better
     */
    static Read read(DnsResponse response, String name, DnsRecordType type) {
        DnsResponseCode code = response.code();
        if (!code.equals(DnsResponseCode.NOERROR) && !code.equals(DnsResponseCode.NXDOMAIN)) {
            return failed("the name server answers " + code.toString());
        }
        String wanted = canonical(name);
        long lifetime = Long.MAX_VALUE;
        for (int aliases = 0; ; aliases++) {
            Optional<DnsRawRecord> alias = record(response, wanted, DnsRecordType.CNAME);
            if (alias.isEmpty()) {
                break;
            }
            if (aliases == MOST_ALIASES) {
                return failed(name + " is an alias of an alias without end");
            }
            lifetime = Math.min(lifetime, alias.get().timeToLive());
            ByteBuf content = alias.get().content();
            wanted =
                    canonical(
                            DefaultDnsRecordDecoder.decodeName(
                                    content.duplicate().readerIndex(content.readerIndex())));
        }
        List<InetAddress> addresses = new ArrayList<>();
        for (int i = 0; i < response.count(DnsSection.ANSWER); i++) {
            DnsRecord record = response.recordAt(DnsSection.ANSWER, i);
            if (record instanceof DnsRawRecord raw && is(raw, wanted, type)) {
                lifetime = Math.min(lifetime, raw.timeToLive());
                address(raw, type)
                        .filter(one -> !addresses.contains(one))
                        .ifPresent(addresses::add);
            }
        }
        if (!addresses.isEmpty()) {
            return plain(NameAnswer.found(addresses, Duration.ofSeconds(lifetime)));
        }
        Optional<Duration> negative = negative(response);
        if (code.equals(DnsResponseCode.NXDOMAIN)) {
            return plain(NameAnswer.absent("there is no name " + name, negative.orElse(UNKNOWN)));
        }
        NameAnswer none =
                NameAnswer.absent(
                        "%s has no address (%s)".formatted(name, type.name()),
                        negative.orElse(UNKNOWN));
        return !wanted.equals(canonical(name)) && negative.isEmpty()
                ? new Read(none, Optional.of(wanted), Duration.ofSeconds(lifetime))
                : plain(none);
    }

    /** What cannot be used. */
    static Read failed(String problem) {
        return plain(NameAnswer.failed(problem));
    }

    private static Read plain(NameAnswer answer) {
        return new Read(answer, Optional.empty(), Duration.ZERO);
    }

    private static Optional<DnsRawRecord> record(
            DnsResponse response, String name, DnsRecordType type) {
        for (int i = 0; i < response.count(DnsSection.ANSWER); i++) {
            DnsRecord record = response.recordAt(DnsSection.ANSWER, i);
            if (record instanceof DnsRawRecord raw && is(raw, name, type)) {
                return Optional.of(raw);
            }
        }
        return Optional.empty();
    }

    private static boolean is(DnsRawRecord record, String name, DnsRecordType type) {
        return record.type().equals(type)
                && record.dnsClass() == DnsRecord.CLASS_IN
                && canonical(record.name()).equals(name);
    }

    /** RFC 2308 section 5: the lesser of the SOA's own time to live and its last field. */
    private static Optional<Duration> negative(DnsResponse response) {
        for (int i = 0; i < response.count(DnsSection.AUTHORITY); i++) {
            DnsRecord record = response.recordAt(DnsSection.AUTHORITY, i);
            if (record instanceof DnsRawRecord raw
                    && raw.type().equals(DnsRecordType.SOA)
                    && raw.content().readableBytes() >= 5 * Integer.BYTES) {
                ByteBuf content = raw.content();
                long minimum = content.getUnsignedInt(content.writerIndex() - Integer.BYTES);
                return Optional.of(Duration.ofSeconds(Math.min(raw.timeToLive(), minimum)));
            }
        }
        return Optional.empty();
    }

    private static Optional<InetAddress> address(DnsRawRecord record, DnsRecordType type) {
        int length = type.equals(DnsRecordType.AAAA) ? 16 : 4;
        if (record.content().readableBytes() != length) {
            return Optional.empty();
        }
        byte[] bytes = new byte[length];
        record.content().getBytes(record.content().readerIndex(), bytes);
        try {
            return Optional.of(InetAddress.getByAddress(bytes));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /** RFC 4343: upper and lower case are the same. */
    static String canonical(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }
}
