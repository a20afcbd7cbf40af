package io.culvert.gateway.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

class GroupTest {
    private final Groups groups = new Groups();

    private static Member picked(Choice choice) {
        return assertInstanceOf(Pick.class, choice).member();
    }

    private static Reason refused(Choice choice) {
        return assertInstanceOf(Choice.Refused.class, choice).reason();
    }

    private static List<String> names(Group group, int count) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Pick pick = (Pick) group.pick(PickRequest.first(0));
            names.add(pick.member().name());
            pick.released();
        }
        return names;
    }

    @Test
    void takesServersInTurnAsOftenAsTheirWeights() {
        Group group = groups.of("192.0.2.1:80*4", "192.0.2.2:80*2", "[2001:db8::3]:80*2");

        assertEquals(
                List.of("192.0.2.1:80", "192.0.2.2:80", "[2001:db8::3]:80", "192.0.2.1:80"),
                names(group, 4),
                "weights have no common divisor any more, and the heavy one is spread");
        assertEquals(
                new TreeMap<>(
                        Map.of("192.0.2.1:80", 500, "192.0.2.2:80", 250, "[2001:db8::3]:80", 250)),
                Groups.counts(names(group, 1000)));
    }

    @Test
    void takesTheLessLoadedOfTwo() {
        Group group =
                groups.of(
                        settings -> settings.balance(Balance.LEAST_LOADED),
                        "192.0.2.1:80",
                        "192.0.2.2:80");
        List<Pick> held = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            held.add((Pick) group.pick(PickRequest.first(0)));
        }
        long first = held.stream().filter(p -> p.member().name().equals("192.0.2.1:80")).count();
        assertTrue(first >= 40 && first <= 60, "held evenly: " + first);

        held.stream().filter(p -> p.member().name().equals("192.0.2.1:80")).forEach(Pick::released);
        long emptier =
                names(group, 100).stream().filter(name -> name.equals("192.0.2.1:80")).count();
        assertTrue(emptier >= 60, "three draws in four meet the empty one: " + emptier);
    }

    @Test
    void refusesWhereEveryServerHasAsManyRequestsAsItMay() {
        Group group = groups.of(settings -> settings.requests(1), "192.0.2.1:80", "192.0.2.2:80");
        Pick first = (Pick) group.pick(PickRequest.first(0));
        Pick second = (Pick) group.pick(PickRequest.first(0));
        assertNotSame(first.member(), second.member());
        assertEquals(Reason.UPSTREAM_LIMIT, refused(group.pick(PickRequest.first(0))));

        first.released();
        first.released();
        assertSame(first.member(), picked(group.pick(PickRequest.first(0))));
        assertEquals(
                Reason.UPSTREAM_LIMIT,
                refused(group.pick(PickRequest.first(0))),
                "a second release gives nothing back");
        assertEquals(2, group.counters().refusals(Reason.UPSTREAM_LIMIT));
    }

    @Test
    void sendsARetryElsewhereAndToTheSameOnlyWhereThereIsNoOther() {
        Group group = groups.of("192.0.2.1:80", "192.0.2.2:80");
        for (int i = 0; i < 10; i++) {
            Pick first = (Pick) group.pick(PickRequest.first(i));
            Pick second = (Pick) group.pick(PickRequest.first(i).after(first.member()));
            assertNotSame(first.member(), second.member());
            first.released();
            second.released();
        }
        Group single = groups.of("192.0.2.1:80");
        Pick only = (Pick) single.pick(PickRequest.first(0));
        assertSame(
                only.member(),
                picked(single.pick(PickRequest.first(0).after(only.member()))),
                "rather the same than none");
    }

    @Test
    void allowsAsManyRetriesOfARequestAsConfigured() {
        Group group = groups.of("192.0.2.1:80", "192.0.2.2:80");
        PickRequest first = PickRequest.first(0);
        PickRequest second = first.after(group.members().get(0));
        PickRequest third = second.after(group.members().get(1));
        assertEquals(Set.copyOf(group.members()), third.tried());
        picked(group.pick(second));
        assertEquals(Reason.UPSTREAM_RETRIES, refused(group.pick(third)));
    }

    @Test
    void allowsAsManyLiveRetriesAsTheShareOfLiveRequests() {
        Group group = groups.of("192.0.2.1:80");
        PickRequest retry = PickRequest.first(0).after(group.members().getFirst());
        List<Pick> retries = new ArrayList<>();
        for (int i = 0; i < RetryBudget.FLOOR; i++) {
            retries.add((Pick) group.pick(retry));
        }
        assertEquals(Reason.UPSTREAM_RETRIES, refused(group.pick(retry)), "few requests, few");

        for (int i = 0; i < 97; i++) {
            picked(group.pick(PickRequest.first(0)));
        }
        // 100 live ones of which 20 in a hundred may be retries; each retry is one more.
        while (group.pick(retry) instanceof Pick pick) {
            retries.add(pick);
        }
        assertEquals(24, retries.size());
        retries.getFirst().released();
        picked(group.pick(retry));
    }

    @Test
    void leavesAnEjectedServerAloneUntilItsTimeIsOver() {
        Group group = groups.of("192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80");
        ServerMember bad = group.members().getFirst();
        for (int i = 0; i < EjectionSettings.DEFAULT.failures(); i++) {
            group.failed(bad, Failure.CONNECT);
        }
        assertFalse(names(group, 30).contains(bad.name()));
        assertEquals(1, group.counters().ejections());

        groups.advance(EjectionSettings.DEFAULT.least());
        assertTrue(names(group, 30).contains(bad.name()));
    }

    @Test
    void usesAllServersWhereTooFewAreHealthy() {
        Group group = groups.of("192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80");
        eject(group, 0);
        assertEquals(2, Groups.counts(names(group, 30)).size());
        assertFalse(group.isPanic());

        eject(group, 1);
        assertTrue(group.isPanic(), "one of three is less than half");
        assertEquals(3, Groups.counts(names(group, 30)).size());
    }

    @Test
    void isNotEmptiedByEjectionsEvenWithoutPanic() {
        Group group = groups.of(settings -> settings.panic(0), "192.0.2.1:80", "192.0.2.2:80");
        eject(group, 0);
        eject(group, 1);
        assertEquals(2, Groups.counts(names(group, 10)).size());
    }

    @Test
    void refusesWhereChecksFailAtEveryServerAndNothingPanics() {
        Group group = groups.of(settings -> settings.panic(0), "192.0.2.1:80", "192.0.2.2:80");
        group.members().forEach(member -> group.checked(member, "status 500"));
        assertEquals(Reason.UPSTREAM_UNHEALTHY, refused(group.pick(PickRequest.first(0))));

        group.checked(group.members().getLast(), "");
        assertEquals(List.of("192.0.2.2:80"), names(group, 1));
    }

    @Test
    void refusesWithoutServers() {
        assertEquals(Reason.UPSTREAM_UNRESOLVED, refused(groups.of().pick(PickRequest.first(0))));
    }

    @Test
    void keepsServersThatStayAndRetiresThoseThatGo() {
        Group group = groups.of("192.0.2.1:80", "192.0.2.2:80");
        ServerMember stays = group.members().get(0);
        ServerMember goes = group.members().get(1);
        Pick held = (Pick) group.pick(PickRequest.first(0).after(stays));
        assertSame(goes, held.member());

        groups.become(group, "192.0.2.1:80*5", "192.0.2.9:80");

        assertSame(stays, group.members().get(0));
        assertEquals(5, stays.weight());
        assertFalse(stays.isRetired());
        assertTrue(goes.isRetired());
        assertFalse(names(group, 60).contains("192.0.2.2:80"));
        held.succeeded(1);
        held.released();
        assertEquals(0, group.live());
    }

    @Test
    void makesServersAnewThatAreConnectedToInAnotherWay() {
        Group group = groups.of("192.0.2.1:80");
        ServerMember before = group.members().getFirst();
        groups.become(group, settings -> settings.proxy(ProxyProtocol.V2), "192.0.2.1:80");
        assertTrue(before.isRetired());
        assertFalse(group.members().getFirst().isShared());
    }

    @Test
    void movesNoRequestsButThoseOfTheServerThatGoesOrComes() {
        String[] servers = new String[10];
        for (int i = 0; i < servers.length; i++) {
            servers[i] = "192.0.2." + (i + 1) + ":80";
        }
        Group group = groups.of(settings -> settings.balance(Balance.HASH), servers);
        int requests = 20_000;
        String[] before = places(group, requests);

        eject(group, 3);
        String[] without = places(group, requests);
        int moved = 0;
        for (int i = 0; i < requests; i++) {
            if (!before[i].equals(without[i])) {
                moved++;
                assertEquals("192.0.2.4:80", before[i], "only its own");
            }
        }
        assertTrue(moved > requests / 20 && moved < requests * 3 / 20, "about a tenth: " + moved);

        groups.advance(Duration.ofHours(1));
        assertEquals(List.of(before), List.of(places(group, requests)));
        String[] more = Arrays.copyOf(servers, 11);
        more[10] = "192.0.2.11:80";
        groups.become(group, settings -> settings.balance(Balance.HASH), more);
        String[] with = places(group, requests);
        moved = 0;
        for (int i = 0; i < requests; i++) {
            if (!before[i].equals(with[i])) {
                moved++;
                assertEquals("192.0.2.11:80", with[i], "only to the new one");
            }
        }
        assertTrue(moved > requests / 22 && moved < requests * 3 / 22, "about 1 in 11: " + moved);
    }

    @Test
    void givesEachServerItsShareOfHashes() {
        Group group =
                groups.of(
                        settings -> settings.balance(Balance.HASH),
                        "192.0.2.1:80*3",
                        "192.0.2.2:80",
                        "192.0.2.3:80");
        Map<String, Integer> counts = Groups.counts(List.of(places(group, 50_000)));
        assertEquals(30_000, counts.get("192.0.2.1:80"), 4_000);
        assertEquals(10_000, counts.get("192.0.2.2:80"), 2_500);
        assertEquals(10_000, counts.get("192.0.2.3:80"), 2_500);
    }

    private static String[] places(Group group, int requests) {
        Random hashes = new Random(7);
        String[] names = new String[requests];
        for (int i = 0; i < requests; i++) {
            Pick pick = (Pick) group.pick(PickRequest.first(hashes.nextLong()));
            names[i] = pick.member().name();
            pick.released();
        }
        return names;
    }

    private static void eject(Group group, int index) {
        for (int i = 0; i < EjectionSettings.DEFAULT.failures(); i++) {
            group.failed(group.members().get(index), Failure.CLOSED);
        }
    }
}
