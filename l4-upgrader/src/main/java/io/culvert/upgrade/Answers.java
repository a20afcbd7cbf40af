package io.culvert.upgrade;

import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.nat.Endpoints;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.IcmpError;
import io.culvert.wire.IcmpType;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpAnswer;

import java.util.random.RandomGenerator;

/**
 * Tells initiators the truth about packets that go nowhere: a RST where a TCP port refused, an ICMP
 * error where a host cannot be reached or a rule forbids. Errors are rate limited (RFC 1812 section
 * 4.3.2.8, RFC 4443 section 2.4 f): beyond the rate nothing is sent.
 *
 * <p>Confined to one worker.
 */
public final class Answers {
    /**
     * For errors of a node without an address of its own towards the one it tells: RFC 7600 section
     * 4.8.
     */
    public static final IpAddress SELF_4 = IpAddress.parse("192.0.0.8");

    /** A unique local address (RFC 4193), as there is no such number for IPv6. */
    private static final IpAddress SELF_6 = IpAddress.parse("fd00:c0:1::1");

    private final ErrorRate rate;
    private final PacketCounters counters;
    private final Packet reply = new Packet();

    /**
     * @param workers who share the limit on errors
     */
    public Answers(NanoClock clock, RandomGenerator random, int workers, PacketCounters counters) {
        rate = new ErrorRate(clock, random, workers);
        this.counters = counters;
    }

    /** What a dial's failure is called. */
    public static Reason reasonOf(int errno) {
        return switch (Errno.of(errno)) {
            // The last two where the target has accepted and reset at once.
            case ECONNREFUSED, ECONNRESET, EPIPE -> Reason.DIAL_REFUSED;
            case ETIMEDOUT -> Reason.DIAL_TIMEOUT;
            case EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC -> Reason.DESCRIPTORS_EXHAUSTED;
            case EADDRNOTAVAIL -> Reason.PORTS_EXHAUSTED;
            case EAGAIN -> Reason.DIALS_EXHAUSTED;
            default -> Reason.DIAL_UNREACHABLE;
        };
    }

    /**
     * Answers a packet whose flow is refused for that reason. A shortage that passes is not
     * answered: the initiator tries again and may then succeed.
     *
     * @return whether an answer went out
     */
    public boolean refuse(IpPacket ip, Reason reason, PacketDevice ramp) {
        boolean tcp = ip.protocol() == IpProtocol.TCP;
        boolean ipv6 = ip.version() == 6;
        return switch (reason) {
            case DIAL_REFUSED ->
                    tcp
                            ? reset(ip, ramp)
                            : error(
                                    ip,
                                    ipv6 ? IcmpType.V6_UNREACHABLE : IcmpType.UNREACHABLE,
                                    ipv6 ? IcmpType.V6_PORT_UNREACHABLE : IcmpType.PORT_UNREACHABLE,
                                    0,
                                    ramp);
            case POLICY_RULE, POLICY_DEFAULT, HOOK_REFUSED ->
                    tcp ? reset(ip, ramp) : prohibited(ip, ramp);
            case TENANT_LIMIT, RATE_FLOWS, TENANT_SLOTS, TENANT_PORTS, OUTSIDE_PORTS_EXHAUSTED ->
                    prohibited(ip, ramp);
            case NO_ROUTE ->
                    verdict(
                            ip,
                            ipv6 ? IcmpType.V6_UNREACHABLE : IcmpType.UNREACHABLE,
                            ipv6 ? IcmpType.V6_NO_ROUTE : IcmpType.NET_UNREACHABLE,
                            ramp);
            // RFC 7915 section 4.2 has the one for the other.
            case PROTOCOL_NOT_UPGRADABLE ->
                    ipv6
                            ? parameterProblem(
                                    ip,
                                    IcmpType.V6_UNRECOGNIZED_NEXT_HEADER,
                                    ip.ipv6().protocolField(),
                                    ramp)
                            : verdict(
                                    ip, IcmpType.UNREACHABLE, IcmpType.PROTOCOL_UNREACHABLE, ramp);
            case SEGMENTS_LEFT ->
                    parameterProblem(
                            ip,
                            IcmpType.V6_ERRONEOUS_FIELD,
                            ip.ipv6().unfinishedRoutingType(),
                            ramp);
            case UNKNOWN_OPTION ->
                    ip.ipv6().isOptionReported()
                            && parameterProblem(
                                    ip,
                                    IcmpType.V6_UNRECOGNIZED_OPTION,
                                    ip.ipv6().objectionableOptionOffset(),
                                    ramp);
            case DIAL_UNREACHABLE, DIAL_TIMEOUT ->
                    error(
                            ip,
                            ipv6 ? IcmpType.V6_UNREACHABLE : IcmpType.UNREACHABLE,
                            ipv6 ? IcmpType.V6_ADDRESS_UNREACHABLE : IcmpType.HOST_UNREACHABLE,
                            0,
                            ramp);
            case TIME_EXCEEDED ->
                    verdict(
                            ip,
                            ipv6 ? IcmpType.V6_TIME_EXCEEDED : IcmpType.TIME_EXCEEDED,
                            IcmpType.IN_TRANSIT,
                            ramp);
            default -> false;
        };
    }

    /** Whether {@link #refuse} answers packets that are refused for that reason, if it may. */
    public static boolean isAnswered(Reason reason) {
        return switch (reason) {
            case DIAL_REFUSED,
                    POLICY_RULE,
                    POLICY_DEFAULT,
                    HOOK_REFUSED,
                    TENANT_LIMIT,
                    RATE_FLOWS,
                    TENANT_SLOTS,
                    TENANT_PORTS,
                    OUTSIDE_PORTS_EXHAUSTED,
                    NO_ROUTE,
                    PROTOCOL_NOT_UPGRADABLE,
                    SEGMENTS_LEFT,
                    UNKNOWN_OPTION,
                    DIAL_UNREACHABLE,
                    DIAL_TIMEOUT,
                    TIME_EXCEEDED ->
                    true;
            default -> false;
        };
    }

    /** Says that it is not allowed: RFC 1812 section 5.2.7.1; RFC 5508 REQ-8 for want of ports. */
    private boolean prohibited(IpPacket ip, PacketDevice ramp) {
        boolean ipv6 = ip.version() == 6;
        return verdict(
                ip,
                ipv6 ? IcmpType.V6_UNREACHABLE : IcmpType.UNREACHABLE,
                ipv6
                        ? IcmpType.V6_ADMINISTRATIVELY_PROHIBITED
                        : IcmpType.ADMINISTRATIVELY_PROHIBITED,
                ramp);
    }

    /**
     * What we say of a packet without having asked anybody: cheap to provoke, so there is a limit
     * on what one target gets.
     */
    private boolean verdict(IpPacket ip, int type, int code, PacketDevice ramp) {
        IpAddress self = ip.version() == 6 ? SELF_6 : SELF_4;
        return verdictFrom(ip, type, code, 0, self.high(), self.low(), ramp);
    }

    /** RFC 4443 section 3.4; RFC 8200 sections 4.2 and 4.4. */
    private boolean parameterProblem(IpPacket ip, int code, int pointer, PacketDevice ramp) {
        return verdictFrom(
                ip,
                IcmpType.V6_PARAMETER_PROBLEM,
                code,
                pointer,
                SELF_6.high(),
                SELF_6.low(),
                ramp);
    }

    private boolean verdictFrom(
            IpPacket ip,
            int type,
            int code,
            int info,
            long sourceHigh,
            long sourceLow,
            PacketDevice ramp) {
        int length =
                IcmpError.write(
                        ip, type, code, info, sourceHigh, sourceLow, reply.bytes(), Packet.OFFSET);
        return length > 0 && rate.allows(ip.sourceHigh(), ip.sourceLow()) && send(length, ramp);
    }

    /**
     * Says that a packet has come too far, in the name of the address that it was sent to: for
     * somebody to whom that is our only one.
     */
    public boolean timeExceededAtDestination(IpPacket ip, PacketDevice ramp) {
        return verdictFrom(
                ip,
                ip.version() == 6 ? IcmpType.V6_TIME_EXCEEDED : IcmpType.TIME_EXCEEDED,
                IcmpType.IN_TRANSIT,
                0,
                ip.destinationHigh(),
                ip.destinationLow(),
                ramp);
    }

    /** Sends the RST that a closed port would (RFC 9293 section 3.10.7.1). */
    public boolean reset(IpPacket ip, PacketDevice ramp) {
        return send(TcpAnswer.reset(ip, reply.bytes(), Packet.OFFSET), ramp);
    }

    /**
     * Tells an end of a connection that it is over, as if the other had.
     *
     * @param from the other's address and port, and to whom
     * @param sequence what that one expects next
     */
    public void reset(Endpoints from, int sequence, PacketDevice ramp) {
        boolean _ =
                send(
                        TcpAnswer.reset(
                                from.sourceHigh(),
                                from.sourceLow(),
                                from.sourcePort(),
                                from.destinationHigh(),
                                from.destinationLow(),
                                from.destinationPort(),
                                sequence,
                                reply.bytes(),
                                Packet.OFFSET),
                        ramp);
    }

    /** Asks the sender of a SYN to show that it exists: {@link TcpAnswer#challenge}. */
    public boolean challenge(IpPacket syn, int number, PacketDevice ramp) {
        return send(TcpAnswer.challenge(syn, number, reply.bytes(), Packet.OFFSET), ramp);
    }

    /**
     * Sends an ICMP error about a packet: that a port is closed as the destination would say it,
     * which knows its ports; anything else as the gateway itself, a hop on the way.
     */
    public boolean error(IpPacket ip, int type, int code, int info, PacketDevice ramp) {
        boolean ipv6 = ip.version() == 6;
        boolean portUnreachable =
                ipv6
                        ? type == IcmpType.V6_UNREACHABLE && code == IcmpType.V6_PORT_UNREACHABLE
                        : type == IcmpType.UNREACHABLE && code == IcmpType.PORT_UNREACHABLE;
        if (portUnreachable) {
            return errorFrom(ip, type, code, info, ip.destinationHigh(), ip.destinationLow(), ramp);
        }
        IpAddress self = ipv6 ? SELF_6 : SELF_4;
        return errorFrom(ip, type, code, info, self.high(), self.low(), ramp);
    }

    /** The same as from {@code source}, where it is known who reports the error. */
    public boolean errorFrom(
            IpPacket ip,
            int type,
            int code,
            int info,
            long sourceHigh,
            long sourceLow,
            PacketDevice ramp) {
        int length =
                IcmpError.write(
                        ip, type, code, info, sourceHigh, sourceLow, reply.bytes(), Packet.OFFSET);
        return length > 0 && rate.allows() && send(length, ramp);
    }

    private boolean send(int length, PacketDevice ramp) {
        if (length == 0) {
            return false;
        }
        boolean sent = ramp.send(reply.plain(length)) == PacketDevice.Sent.TAKEN;
        if (sent) {
            counters.returned(1);
        }
        return sent;
    }
}
