package io.culvert.gateway;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.Holdings;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.config.Replacement;
import io.culvert.hook.Reason;
import io.culvert.tun.PacketDevice;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * From the ramps that a gateway has to those of another configuration.
 *
 * <pre>
 *   prepare  what is changed gives up what others may want; what is new is opened beside what is
 *            there; what is changed gets what it wants; last, what stands in the way of something
 *            new is removed, and that opened.     Fails: all is taken back.
 *   begin    new off-ramps, then new tunnels can be sent into; what is changed is so now
 *   receive  packets come in by what is new, and the new policy decides about them
 *   end      what is not wanted any more goes, with its flows
 * </pre>
 *
 * <p>Used once, by one thread, in the gateway's network namespace.
 */
final class RampChanges {
    private static final Logger LOG = LoggerFactory.getLogger(RampChanges.class);

    private final Ramps ramps;
    private final Map<String, OnRamp> nextOnRamps;
    private final Map<String, OffRamp.Device> nextOffRamps;

    // Of what there is.
    private final List<LiveOnRamp> oldOnRamps = new ArrayList<>();
    private final List<LiveOffRamp> oldOffRamps = new ArrayList<>();
    private final List<LiveOnRamp> changedOnRamps = new ArrayList<>();
    private final List<LiveOffRamp> changedOffRamps = new ArrayList<>();

    // Of what there will be: settings at first, then what was made of them.
    private final List<OnRamp> addedOnRamps = new ArrayList<>();
    private final List<OffRamp.Device> addedOffRamps = new ArrayList<>();
    private final List<LiveOnRamp> newOnRamps = new ArrayList<>();
    private final List<LiveOffRamp> newOffRamps = new ArrayList<>();

    private final List<LiveOnRamp.Commit> commits = new ArrayList<>();

    RampChanges(Ramps ramps, Configuration next) {
        this.ramps = ramps;
        nextOnRamps = byName(next.onramps(), OnRamp::name);
        nextOffRamps = byName(Ramps.devices(next), OffRamp::name);
        Map<String, OnRamp> onRampsAdded = byName(next.onramps(), OnRamp::name);
        for (LiveOnRamp live : ramps.onRamps()) {
            OnRamp wanted = nextOnRamps.get(live.settings().name());
            if (wanted != null && live.canBecome(wanted)) {
                onRampsAdded.remove(wanted.name());
                if (!wanted.equals(live.settings())) {
                    changedOnRamps.add(live);
                }
            } else {
                oldOnRamps.add(live);
            }
        }
        next.onramps().stream().filter(onRampsAdded::containsValue).forEach(addedOnRamps::add);
        Map<String, OffRamp.Device> offRampsAdded = byName(Ramps.devices(next), OffRamp::name);
        for (LiveOffRamp live : ramps.offRamps()) {
            OffRamp.Device wanted = nextOffRamps.get(live.settings().name());
            if (wanted != null && !Replacement.isNeeded(live.settings(), wanted)) {
                offRampsAdded.remove(wanted.name());
                changedOffRamps.add(live);
            } else {
                oldOffRamps.add(live);
            }
        }
        addedOffRamps.addAll(offRampsAdded.values());
    }

    private static <T> Map<String, T> byName(List<T> all, Function<? super T, String> name) {
        return all.stream().collect(Collectors.toMap(name, one -> one));
    }

    /** The workers' ends of what goes, and of tunnels that change hands. */
    List<PacketDevice> ending() throws IOException {
        List<PacketDevice> ends = new ArrayList<>();
        for (LiveOnRamp each : oldOnRamps) {
            ends.addAll(each.ends());
        }
        for (LiveOnRamp each : changedOnRamps) {
            if (each.settings() instanceof OnRamp.Tun before
                    && nextOnRamps.get(before.name()) instanceof OnRamp.Tun after
                    && !before.tenant().equals(after.tenant())) {
                ends.addAll(each.ends());
            }
        }
        oldOffRamps.forEach(each -> ends.addAll(each.ends()));
        return ends;
    }

    /**
     * Does all that may fail.
     *
     * @param undo is told how to take it back
     * @throws IOException with a sentence for the operator
     */
    void prepare(Undo undo) throws IOException {
        for (LiveOnRamp each : changedOnRamps) {
            each.giveUp(nextOnRamps.get(each.settings().name()), undo);
        }
        Set<String> held = new HashSet<>();
        oldOnRamps.forEach(each -> held.addAll(Holdings.of(each.settings())));
        oldOffRamps.forEach(each -> held.addAll(Holdings.of(each.settings())));
        for (OffRamp.Device each : addedOffRamps) {
            if (isFree(Holdings.of(each), held)) {
                open(each, undo);
            }
        }
        for (OnRamp each : addedOnRamps) {
            if (isFree(Holdings.of(each), held)) {
                open(each, undo);
            }
        }
        for (LiveOffRamp each : changedOffRamps) {
            commits.add(each.change(nextOffRamps.get(each.settings().name()), undo));
        }
        for (LiveOnRamp each : changedOnRamps) {
            commits.add(each.change(nextOnRamps.get(each.settings().name()), undo));
        }
        replace(held, undo);
    }

    private static boolean isFree(Set<String> wanted, Set<String> held) {
        return wanted.stream().noneMatch(held::contains);
    }

    private void open(OnRamp onRamp, Undo undo) throws IOException {
        LiveOnRamp opened = ramps.open(onRamp);
        undo.push(opened::close);
        newOnRamps.add(opened);
    }

    private void open(OffRamp.Device offRamp, Undo undo) throws IOException {
        LiveOffRamp opened = ramps.open(offRamp, newOffRamps);
        undo.push(opened::close);
        newOffRamps.add(opened);
    }

    /** What is new and stood back for something old. */
    private void replace(Set<String> held, Undo undo) throws IOException {
        List<OffRamp.Device> lateOffRamps =
                addedOffRamps.stream().filter(one -> !isFree(Holdings.of(one), held)).toList();
        List<OnRamp> lateOnRamps =
                addedOnRamps.stream().filter(one -> !isFree(Holdings.of(one), held)).toList();
        Set<String> wanted = new HashSet<>();
        lateOffRamps.forEach(one -> wanted.addAll(Holdings.of(one)));
        lateOnRamps.forEach(one -> wanted.addAll(Holdings.of(one)));
        for (LiveOnRamp old : List.copyOf(oldOnRamps)) {
            if (!isFree(Holdings.of(old.settings()), wanted)) {
                undo.push(() -> reopen(old.settings()));
                remove(old);
            }
        }
        for (LiveOffRamp old : List.copyOf(oldOffRamps)) {
            if (!isFree(Holdings.of(old.settings()), wanted)) {
                undo.push(() -> reopen(old.settings()));
                remove(old);
            }
        }
        for (OffRamp.Device each : lateOffRamps) {
            open(each, undo);
        }
        for (OnRamp each : lateOnRamps) {
            open(each, undo);
        }
    }

    private void reopen(OnRamp settings) throws IOException {
        LiveOnRamp again = ramps.open(settings);
        ramps.put(again);
        again.lead();
        again.start();
    }

    private void reopen(OffRamp.Device settings) throws IOException {
        LiveOffRamp again = ramps.open(settings, List.of());
        ramps.put(again);
        again.start();
    }

    private void remove(LiveOnRamp old) throws IOException {
        oldOnRamps.remove(old);
        ramps.forget(old);
        old.remove(Reason.ON_RAMP_REMOVED);
    }

    private void remove(LiveOffRamp old) throws IOException {
        oldOffRamps.remove(old);
        ramps.forget(old);
        old.remove();
    }

    /** What is changed is so from now on, and packets can leave by what is new. */
    void begin() {
        for (LiveOffRamp each : newOffRamps) {
            ramps.put(each);
            sure(each::start);
        }
        commits.forEach(RampChanges::sure);
        for (LiveOnRamp each : newOnRamps) {
            ramps.put(each);
            each.lead();
        }
    }

    /** Packets come in by what is new. */
    void receive() {
        newOnRamps.forEach(each -> sure(each::start));
    }

    /** What is not wanted any more goes. */
    void end() {
        List.copyOf(oldOnRamps).forEach(each -> sure(() -> remove(each)));
        List.copyOf(oldOffRamps).forEach(each -> sure(() -> remove(each)));
    }

    /** Only a worker that hangs, or a kernel without memory, prevents it; there is no way back. */
    private static void sure(LiveOnRamp.Commit step) {
        try {
            step.run();
        } catch (IOException | RuntimeException e) {
            LOG.error("A change of the configuration is not complete", e);
        }
    }
}
