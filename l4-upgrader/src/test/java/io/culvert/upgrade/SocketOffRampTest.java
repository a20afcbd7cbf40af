package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.wire.IpAddress;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetSocketAddress;
import java.util.Optional;

class SocketOffRampTest {
    private static SocketOffRamp ramp(String loopback, String dns, String resolver) {
        return new SocketOffRamp(
                Optional.ofNullable(loopback).map(IpAddress::parse),
                Optional.ofNullable(dns).map(IpAddress::parse),
                Optional.ofNullable(resolver)
                        .map(
                                address ->
                                        new InetSocketAddress(
                                                IpAddress.parse(address).toInetAddress(), 5353)));
    }

    @ParameterizedTest
    @CsvSource({
        // destination, port; what it stands for
        "10.0.0.1, 80, 127.0.0.1, 80",
        "10.0.0.1, 53, 127.0.0.1, 53",
        "10.0.0.2, 53, ::1, 5353",
        "10.0.0.2, 80, 10.0.0.2, 80",
        "10.0.0.3, 53, 10.0.0.3, 53",
        "::a00:1, 80, ::a00:1, 80",
    })
    void translatesTheTwoAddressesThatStandForOthers(
            String destination, int port, String target, int targetPort) {
        assertEquals(
                target(target, targetPort),
                target(ramp("10.0.0.1", "10.0.0.2", "::1"), destination, port));
    }

    @ParameterizedTest
    @CsvSource({"fd00::1, 22, ::1, 22", "fd00::2, 22, fd00::2, 22", "10.0.0.1, 22, 10.0.0.1, 22"})
    void anAddressOfIpv6StandsForTheLoopbackOfIpv6(
            String destination, int port, String target, int targetPort) {
        assertEquals(
                target(target, targetPort), target(ramp("fd00::1", null, null), destination, port));
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.1, 53", "::1, 80"})
    void leavesEverythingElseAlone(String destination, int port) {
        assertEquals(target(destination, port), target(SocketOffRamp.PLAIN, destination, port));
        assertEquals(
                target(destination, port), target(ramp(null, "10.0.0.1", null), destination, port));
    }

    private static SocketOffRamp.Target target(String address, int port) {
        IpAddress ip = IpAddress.parse(address);
        return new SocketOffRamp.Target(ip.high(), ip.low(), port);
    }

    private static SocketOffRamp.Target target(SocketOffRamp ramp, String address, int port) {
        IpAddress ip = IpAddress.parse(address);
        return ramp.target(ip.high(), ip.low(), port);
    }
}
