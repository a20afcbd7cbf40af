package io.culvert.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.stream.Stream;

/**
 * Any sequence of segments, datagrams, pauses and ends of a few flows behind a few outside ports.
 * The first byte says how the ports are shared out, each {@value #STEP} bytes are a step.
 */
class FlowSequencesFuzzTest {
    private static final int STEP = 8;
    private static final int MOST_STEPS = 400;

    /**
     * A step: what (0 pause, 1 end, 2 expire, else a packet), which flow, from which side, flags,
     * sequence and acknowledgment number, payload, window.
     */
    static Stream<byte[]> seeds() {
        String syn = "0300 0002 0000 0040";
        String synAck = "0300 0112 0001 0040";
        String ack = "0300 0010 0101 0040";
        String data = "0300 0018 0101 6440";
        String answer = "0300 0110 0165 0040";
        String fin = "0300 0011 6501 0040";
        String peersFin = "0300 0111 0166 0040";
        String lastAck = "0300 0010 6602 0040";
        String open = syn + synAck + ack + data + answer;
        return Stream.of(
                Seeds.hex("00", open, fin, peersFin, lastAck),
                // A SYN to the ports of a connection that is over, and a late copy of the first.
                Seeds.hex("00", open, fin, peersFin, lastAck, syn, "0300 0002 4000 0040"),
                // Both close at once; a reset by either; a reset in the window, and of nothing.
                Seeds.hex("00", open, fin, "0300 0111 0165 0040", lastAck),
                Seeds.hex("00", open, "0300 0004 6500 0000"),
                Seeds.hex("00", open, "0300 0104 0100 0000"),
                Seeds.hex("00", open, "0300 0104 0a00 0000 0300 0104 8500 0000"),
                // Both open at once.
                Seeds.hex("00", syn, "0300 0102 0000 0040", "0300 0012 0001 0040", synAck),
                // Picked up in the middle, from either side.
                Seeds.hex("00", data, answer, data, fin),
                Seeds.hex("00", "0300 0112 0001 0040", data),
                // A side that has lost its state opens anew.
                Seeds.hex("00", open, "0300 0002 4000 0040", "0300 0112 0041 0040"),
                Seeds.hex(
                        "00",
                        open,
                        "0300 0002 4000 0040",
                        "0300 0110 0165 0040",
                        "0300 0004 6500 0000"),
                // Nonsense flags.
                Seeds.hex(
                        "00",
                        open,
                        "0300 0006 0000 0000",
                        "0300 0000 0101 0000",
                        "0300 00ff 0101 0000"),
                // More flows than ports, over both families, shared and in blocks; then pauses.
                Seeds.hex("00", flows(24), "00ff000000000000".repeat(4), "0200000000000000"),
                Seeds.hex("01", flows(24), "00ff000000000000".repeat(4), flows(24)),
                Seeds.hex("01", flows(8), ends(8), flows(24)),
                Seeds.hex("02", flows(24), ends(4), "0001000000000000", flows(24)));
    }

    private static String flows(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) text.append("03%02x 0002 0000 0040".formatted(i * 5));
        return text.toString();
    }

    private static String ends(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) text.append("01%02x 0000 0000 0000".formatted(i * 5));
        return text.toString();
    }

    @MethodSource("seeds")
    @FuzzTest
    void countsFlowsAndPortsAndForgetsNone(byte[] bytes) {
        if (bytes.length == 0) return;
        FlowMachine machine = new FlowMachine(bytes[0]);
        int steps = Math.min(MOST_STEPS, (bytes.length - 1) / STEP);
        for (int i = 0; i < steps; i++) {
            machine.step(Arrays.copyOfRange(bytes, 1 + i * STEP, 1 + (i + 1) * STEP));
            machine.assertSound();
        }
        machine.assertNothingStaysBehind();
    }
}
