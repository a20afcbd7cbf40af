package io.culvert.gateway.config;

import io.culvert.gateway.config.Section.Located;
import io.culvert.wire.IpAddress;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The addresses of all devices, of which no two devices in one namespace may share a network: the
 * kernel would send to only one of them. An address that stands alone may lie in another's network.
 */
final class Networks {
    private record Member(Section owner, Optional<Path> netns, Located<InterfaceAddress> at) {
        InterfaceAddress address() {
            return at.value();
        }
    }

    private record Place(Optional<Path> netns, IpAddress address) {}

    // Networks before their parts, so that one pass with a stack of the enclosing ones finds all.
    private static final Comparator<Member> ORDER =
            Comparator.<Member, String>comparing(m -> m.netns.map(Path::toString).orElse(""))
                    .thenComparing(m -> m.address().network().address().isIpv4())
                    .thenComparing(m -> start(m).high(), Long::compareUnsigned)
                    .thenComparing(m -> start(m).low(), Long::compareUnsigned)
                    .thenComparing(m -> m.address().length())
                    .thenComparing(m -> m.at.position());

    private final List<Member> members = new ArrayList<>();

    void add(Section owner, Optional<Path> netns, Located<InterfaceAddress> address) {
        members.add(new Member(owner, netns, address));
    }

    void check() {
        members.sort(ORDER);
        Map<Place, Member> addresses = new HashMap<>();
        // At most one of each length, whatever the file says.
        Deque<Member> enclosing = new ArrayDeque<>();
        for (Member member : members) {
            Member same =
                    addresses.putIfAbsent(
                            new Place(member.netns, member.address().address()), member);
            while (!enclosing.isEmpty() && !encloses(enclosing.peek(), member)) {
                enclosing.pop();
            }
            Optional.ofNullable(same)
                    .or(() -> collision(enclosing, member))
                    .ifPresent(other -> tell(other, member));
            boolean known =
                    !enclosing.isEmpty()
                            && start(enclosing.peek()).equals(start(member))
                            && enclosing.peek().address().length() == member.address().length();
            if (!known && !member.address().isAlone()) {
                enclosing.push(member);
            }
        }
    }

    private static boolean encloses(Member network, Member part) {
        return network.netns.equals(part.netns) && network.address().covers(part.address());
    }

    private static Optional<Member> collision(Deque<Member> enclosing, Member member) {
        return member.address().isAlone()
                ? Optional.empty()
                : enclosing.stream().filter(network -> network.owner != member.owner).findFirst();
    }

    private static void tell(Member one, Member other) {
        boolean inOrder = one.at.position().compareTo(other.at.position()) < 0;
        Member first = inOrder ? one : other;
        Member second = inOrder ? other : one;
        second.owner.wrong(
                second.at.position(),
                "addresses: %s overlaps %s on line %d"
                        .formatted(second.address(), first.address(), first.at.position().line()));
    }

    private static IpAddress start(Member member) {
        return member.address().network().address();
    }
}
