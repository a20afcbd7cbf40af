# A GRE peer of scapy's, for GreScapyTest: DEVICE HERE GATEWAY INSIDE TARGET PORT.
import socket
import sys
from ipaddress import ip_address
from threading import Event

from scapy.all import GRE, IP, UDP, AsyncSniffer, IPv6, Raw, raw

device = sys.argv[1]
# As scapy writes addresses.
here, gateway, inside, target = (str(ip_address(text)) for text in sys.argv[2:6])
port = int(sys.argv[6])
Outer = IPv6 if ":" in here else IP
Inner = IPv6 if ":" in inside else IP
TYPES = {IP: 0x0800, IPv6: 0x86DD}
# The kernel finds the way, as scapy's own search for IPv6 neighbours wants another route.
family = socket.AF_INET6 if Outer is IPv6 else socket.AF_INET
wire = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
# Releases of scapy spell it differently.
SEQUENCE = [f.name for f in GRE.fields_desc if f.name.endswith("ence_number")][0]


def exchange(packets, last):
    """What comes of the gateway while these are sent, until the last one."""
    started = Event()
    sniffer = AsyncSniffer(
        iface=device,
        timeout=20,
        started_callback=started.set,
        lfilter=lambda p: Outer in p and p[Outer].src == gateway,
        stop_filter=last,
    )
    sniffer.start()
    started.wait()
    for packet in packets:
        wire.sendto(raw(packet), (gateway, 0))
    sniffer.join()
    return [p for p in sniffer.results if GRE in p]


def gre(payload, **fields):
    return Outer(src=here, dst=gateway) / GRE(proto=TYPES[Inner], **fields) / payload


def datagram(payload):
    return Inner(src=inside, dst=target) / UDP(sport=4000, dport=port) / Raw(payload)


def sound(packet):
    """Whether scapy would write the same bytes, so the same checksums."""
    again = packet.copy()
    layer = again
    while layer:
        if isinstance(layer, (IP, UDP)) or (isinstance(layer, GRE) and layer.chksum_present):
            del layer.chksum
        layer = layer.payload
    return raw(again) == raw(packet)


def echo(name, checksum, numbered, **fields):
    for count, payload in enumerate((name.encode(), b"x" * 1300)):
        if "seqnum_present" in fields:
            fields[SEQUENCE] = count
        replies = exchange([gre(datagram(payload), **fields)], lambda p: GRE in p)
        assert len(replies) == 1, name + ": nothing came"
        reply = replies[0]
        said = reply.show(dump=True)
        header = reply[GRE]
        assert header.proto == TYPES[Inner], said
        assert (header.key if header.key_present else None) == fields.get("key"), said
        assert bool(header.chksum_present) == checksum, said
        assert bool(header.seqnum_present) == numbered, said
        assert not numbered or getattr(header, SEQUENCE) == count, said
        assert sound(reply[Outer]), said
        assert reply[UDP].sport == port and reply[UDP].dport == 4000, said
        assert raw(reply[UDP].payload) == payload, said
    print(name + ": echoed", flush=True)


echo("bare", False, False)
echo("keyed", False, False, key_present=1, key=42)
echo("summed", True, False, key_present=1, key=1, chksum_present=1)
echo("numbered", False, True, key_present=1, key=2, seqnum_present=1)
echo("all", True, True, key_present=1, key=0xFFFFFFFF, chksum_present=1, seqnum_present=1)

# As Cisco's routers send it.
wanted = Outer(src=gateway, dst=here) / GRE(proto=0)
keepalive = Outer(src=here, dst=gateway) / GRE(proto=TYPES[Outer]) / wanted
replies = exchange([keepalive], lambda p: GRE in p)
assert [raw(p[GRE])[:4] for p in replies] == [b"\0\0\0\0"], replies
print("keepalive: answered", flush=True)

probe = datagram(b"anybody?")
replies = exchange(
    [gre(probe, key_present=1, key=7), gre(probe, key_present=1, key=42)], lambda p: GRE in p
)
assert [p[GRE].key for p in replies] == [42], replies
print("unknown key: silence", flush=True)
