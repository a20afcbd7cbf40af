"""A GUE peer made of scapy's packets: it shares no code with Culvert, and checks what scapy can.

Arguments: device, outer address here and of the gateway, inner address here and of the server, and the
server's TCP and UDP port, which echo. Says one line for each exchange; the exit status is 1 where one fails.
"""
import ipaddress
import logging
import random
import socket
import sys

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import (  # noqa: E402
    ICMP, IP, TCP, UDP, AsyncSniffer, BitField, ByteField, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, Packet,
    Raw, ShortField, XByteField, bind_layers, send)

GUE_PORT = 6080


class Gue(Packet):
    """draft-ietf-intarea-gue-09 section 3, without fields."""

    name = "GUE"
    fields_desc = [BitField("variant", 0, 2), BitField("control", 0, 1), BitField("hlen", 0, 5),
                   ByteField("proto", 4), ShortField("flags", 0)]

    def guess_payload_class(self, payload):
        return {4: IP, 41: IPv6}.get(self.proto, Raw)


device = sys.argv[1]
# As scapy writes them.
here, gateway, inside, server = (str(ipaddress.ip_address(text)) for text in sys.argv[2:6])
tcp_port, udp_port = sys.argv[6:]
outer = IPv6 if ":" in here else IP
inner = IPv6 if ":" in inside else IP
proto = 41 if inner is IPv6 else 4
bind_layers(UDP, Gue, dport=GUE_PORT)
# Else the kernel says that nobody is there.
listener = socket.socket(socket.AF_INET6 if outer is IPv6 else socket.AF_INET, socket.SOCK_DGRAM)
listener.bind((here, GUE_PORT))


def fail(what, packet):
    print("failed: " + what)
    print(packet.show2(dump=True) if packet is not None else "no packet")
    sys.exit(1)


def checksums_hold(packet):
    """Whether scapy would have written the same lengths and checksums."""
    again = packet.copy()
    layer = again
    while layer:
        for field in ("chksum", "cksum", "len", "plen"):
            if field in layer.fields:
                # Not by its attribute alone: the bytes that came are kept beside it.
                layer.delfieldval(field)
        layer = layer.payload
    return bytes(again) == bytes(packet)


def exchange(what, packet, header, fits):
    """Sends a packet in GUE and answers the first one that comes back in GUE and fits."""
    sport = random.randint(20000, 60000)
    sniffer = AsyncSniffer(
        iface=device, filter="udp and src host %s" % gateway, timeout=15, started_callback=lambda: send(
            outer(src=here, dst=gateway) / UDP(sport=sport, dport=GUE_PORT) / header / packet, verbose=False),
        lfilter=lambda seen: Gue in seen, stop_filter=lambda seen: inner in seen[Gue] and fits(seen[Gue][inner]))
    sniffer.start()
    sniffer.join()
    if not sniffer.results:
        fail(what, None)
    seen = sniffer.results[-1]
    answer = seen[outer]
    if inner not in seen[Gue] or not fits(seen[Gue][inner]):
        fail(what, seen)
    if answer[UDP].dport != GUE_PORT or answer[UDP].sport < 1024 or answer.dst != here:
        fail(what + ": outer addresses", seen)
    if outer is IP and not answer.flags.DF:
        fail(what + ": may be fragmented", seen)
    if bytes(seen[Gue])[:4] != bytes([0, proto, 0, 0]):
        fail(what + ": header", seen)
    # The outer UDP checksum is left to the receiver where the cable is a veth pair.
    if not checksums_hold(seen[Gue][inner]) or answer[UDP].len != len(bytes(answer[UDP])):
        fail(what + ": checksums", seen)
    print(what + " ok")
    return seen[Gue][inner]


ip = inner(src=inside, dst=server)
plain = Gue(proto=proto)
direct = b""
echo = ICMPv6EchoRequest(id=7, seq=1, data=b"hello") if inner is IPv6 else ICMP(id=7, seq=1) / b"hello"
reply = (lambda p: ICMPv6EchoReply in p and p[ICMPv6EchoReply].data == b"hello") if inner is IPv6 else (
    lambda p: ICMP in p and p[ICMP].type == 0 and bytes(p[ICMP].payload) == b"hello")
for header, name in ((plain, "variant 0"), (Raw(direct), "variant 1")):
    exchange("ping, " + name, ip / echo, header, reply)
    exchange("udp, " + name, ip / UDP(sport=4000, dport=int(udp_port)) / b"hello", header,
             lambda p: UDP in p and bytes(p[UDP].payload) == b"hello")
    echo = ICMPv6EchoRequest(id=7, seq=2, data=b"hello") if inner is IPv6 else ICMP(id=7, seq=2) / b"hello"

tcp = TCP(sport=40000, dport=int(tcp_port), flags="S", seq=1000, window=65535, options=[("MSS", 1300)])
answer = exchange("tcp, connection", ip / tcp, plain, lambda p: TCP in p and p[TCP].flags == "SA")
tcp = TCP(sport=40000, dport=int(tcp_port), flags="PA", seq=1001, ack=answer[TCP].seq + 1, window=65535)
answer = exchange("tcp, data", ip / tcp / b"hello", plain,
                  lambda p: TCP in p and bytes(p[TCP].payload)[:5] == b"hello")
tcp = TCP(sport=40000, dport=int(tcp_port), flags="FA", seq=1006, ack=answer[TCP].seq + 5, window=65535)
exchange("tcp, end", ip / tcp, plain, lambda p: TCP in p and p[TCP].flags.F)
