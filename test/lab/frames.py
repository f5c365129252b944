"""ARP and neighbour discovery as bytes: what is sent to ask who has an address, and what an answer says."""

import ipaddress
import struct
import typing

ETH_ARP = 0x0806
ETH_IPV6 = 0x86DD
_BROADCAST = b"\xff" * 6
_ARP_REQUEST, _ARP_REPLY = 1, 2
_SOLICITATION, _ADVERTISEMENT = 135, 136


class Claim(typing.NamedTuple):
    """A frame that says "this address is at this MAC"."""

    address: bytes  # packed
    mac: str
    to: bytes  # packed address of whoever asked; that of a group, or `address` itself, when nobody did
    announcement: bool  # nobody asked


def mac_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def mac_text(raw: bytes) -> str:
    return raw.hex(":")


def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def question(mac: str, sender: str, target: str) -> bytes:
    """The ARP request or neighbour solicitation of a station with this MAC and address."""
    return _solicitation(mac_bytes(mac), packed(sender), packed(target)) if ":" in target else \
        _arp(_ARP_REQUEST, _BROADCAST, mac_bytes(mac), packed(sender), bytes(6), packed(target))


def announcements(mac: str, address: str) -> list[bytes]:
    """What a host sends unasked when it takes an address."""
    own, raw = mac_bytes(mac), packed(address)
    if ":" in address:
        return [_advertisement(own, raw)]
    return [_arp(operation, _BROADCAST, own, raw, _BROADCAST, raw) for operation in (_ARP_REQUEST, _ARP_REPLY)]


def claim_of(frame: bytes) -> Claim | None:
    """None for frames that claim nothing: questions, and everything that is neither ARP nor neighbour discovery."""
    ether_type = frame[12:14]
    if ether_type == b"\x08\x06" and len(frame) >= 42:
        operation, sender, target = frame[21], frame[28:32], frame[38:42]
        if operation != _ARP_REPLY and sender != target:
            return None
        return Claim(sender, mac_text(frame[22:28]), target, sender == target)
    if ether_type == b"\x86\xdd" and len(frame) >= 78 and frame[20] == 58 and frame[54] == _ADVERTISEMENT:
        mac = frame[80:86] if frame[78:80] == b"\x02\x01" else frame[6:12]
        return Claim(frame[62:78], mac_text(mac), frame[38:54], not frame[58] & 0x40)
    return None


def _arp(operation: int, destination: bytes, mac: bytes, sender: bytes, target_mac: bytes, target: bytes) -> bytes:
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + mac + sender + target_mac + target
    return (destination + mac + struct.pack("!H", ETH_ARP) + body).ljust(60, b"\0")


def _solicitation(mac: bytes, source: bytes, target: bytes) -> bytes:
    group = packed("ff02::1:ff00:0")[:13] + target[13:]
    return _icmp6(mac, source, group, struct.pack("!BBHI", _SOLICITATION, 0, 0, 0) + target + b"\x01\x01" + mac)


def _advertisement(mac: bytes, address: bytes) -> bytes:
    override = 0x20 << 24
    return _icmp6(mac, address, packed("ff02::1"), struct.pack("!BBHI", _ADVERTISEMENT, 0, 0, override) + address + b"\x02\x01" + mac)


def _icmp6(mac: bytes, source: bytes, group: bytes, message: bytes) -> bytes:
    pseudo = source + group + struct.pack("!IHBB", len(message), 0, 0, 58)
    message = message[:2] + struct.pack("!H", _checksum(pseudo + message)) + message[4:]
    ip = struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + source + group
    return b"\x33\x33" + group[12:] + mac + struct.pack("!H", ETH_IPV6) + ip + message


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
