package io.culvert.gateway.telemetry;

/**
 * The line of the flow log that says how many are missing since the last such line.
 *
 * @param record {@code lost}
 * @param queue left out because the writer was behind
 * @param disk because they could not be written
 * @param rate refused flows beyond those recorded in a second
 * @param repeated refusals of flows whose refusal is recorded already
 */
record LostRecord(
        int version,
        String record,
        String time,
        String start,
        long queue,
        long disk,
        long rate,
        long repeated) {}
