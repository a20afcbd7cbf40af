package io.culvert.gateway.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class AmountsTest {
    @Test
    void writesBytesWithTheLargestUnitThatFits() {
        assertEquals("0 B", Amounts.bytes(0));
        assertEquals("999 B", Amounts.bytes(999));
        assertEquals("1 KiB", Amounts.bytes(1024));
        assertEquals("1.5 KiB", Amounts.bytes(1536));
        assertEquals("256 MiB", Amounts.bytes(256L << 20));
        assertEquals("1 GiB", Amounts.bytes(1L << 30));
    }

    @Test
    void writesRatesInBits() {
        assertEquals("8.0 Gb/s", Amounts.rate(1_000_000_000, 1_000_000_000));
        assertEquals("80 Mb/s", Amounts.rate(10_000_000, 1_000_000_000));
    }

    @Test
    void writesTimesWithThreeDigitsOrSo() {
        assertEquals("0.26 ms", Amounts.time(261_000));
        assertEquals("25 ms", Amounts.time(24_670_000));
        assertEquals("1.3 s", Amounts.time(1_300_000_000));
        assertEquals("2.00 ms", Amounts.median(new long[] {9_000_000, 1_000_000, 2_000_000}));
        assertEquals("1,234,567", Amounts.count(1_234_567));
    }
}
