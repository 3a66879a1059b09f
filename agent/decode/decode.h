/*
 * decode.h - an Ethernet frame in words, on one line: who says what to whom
 *
 * Layer: agent (for the command line). Pure: no I/O, no clock, no memory of its own. Any bytes of any
 * length are safe, and nothing in them reaches a terminal but printable ASCII.
 *
 * How it works. Each file reads one family of headers and hands on what is behind them:
 *
 *	decode.c	Ethernet, 802.1Q tags, LLC/SNAP, unknown types
 *	decode_arp.c	ARP and RARP
 *	decode_ip.c	IPv4 and IPv6 with its extension headers
 *	decode_upper.c	TCP, UDP, ICMP, ICMPv6
 *	decode_dhcp.c	DHCP, and the kinds of DHCPv6 message
 *	decode_ipx.c	IPX
 *
 * Checksums are not looked at: what a machine does with a frame is not the question here. Where the
 * bytes end before a header does, the text says "cut short".
 */
#ifndef AGENT_DECODE_H
#define AGENT_DECODE_H

#include <stddef.h>
#include <stdint.h>

enum {
	DECODE_TEXT_BYTES = 512 /* more than any frame has to say; longer is cut */
};

/**
 * decode_frame() - Describe a frame
 * @frame, @len: from the destination address on, without FCS; any length
 *
 * Return: @out, such as "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ARP, who has 10.0.0.1, tell 10.0.0.2"
 */
const char *decode_frame(const uint8_t *frame, size_t len, char out[DECODE_TEXT_BYTES]);

#endif
